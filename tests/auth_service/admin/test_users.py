"""Users listed: searched, filtered, sorted and paged as Better Auth's plugin does."""

import pytest

from tests.auth_service.admins import Person, listed, person
from tests.auth_service.service import Service
from tests.auth_service.signed_in import get, told

EVERYBODY = ["Ann_A", "Bob", "Carl", "Mina", "Root"]


@pytest.fixture
async def root(service: Service) -> Person:
    """An admin among readers, each signed up a second after the other."""
    root = await person(service, "root", "admin")
    for name, role in (("mina", None), ("carl", "instructor"), ("bob", "user"), ("ann_a", None)):
        service.clock.advance(seconds=1)
        await person(service, name, role)
    await service.write("""UPDATE "user" SET banned = true WHERE email = 'bob@example.com'""")
    return root


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Root", "Mina", "Carl", "Bob", "Ann_A"]),
        ("sortBy=email", EVERYBODY),
        ("sortBy=email&sortDirection=desc", EVERYBODY[::-1]),
        ("sortBy=createdAt&sortDirection=desc&limit=2", ["Ann_A", "Bob"]),
        ("sortBy=email&limit=2", EVERYBODY[:2]),
        ("sortBy=email&limit=2&offset=2", EVERYBODY[2:4]),
        ("sortBy=email&limit=1e1", EVERYBODY),
        ("sortBy=email&limit=0&offset=0", EVERYBODY),
        ("sortBy=email&limit=abc&offset=nan", EVERYBODY),
        ("offset=100", []),
        ("searchValue=mina", ["Mina"]),
        ("searchValue=MINA", []),
        ("searchValue=Min&searchField=name", ["Mina"]),
        ("searchValue=C&searchField=name&searchOperator=starts_with", ["Carl"]),
        ("searchValue=l&searchField=name&searchOperator=ends_with", ["Carl"]),
        ("searchValue=_", ["Ann_A"]),
        ("searchValue=%25", []),
        ("searchValue=", ["Root", "Mina", "Carl", "Bob", "Ann_A"]),
        ("filterValue=mina@example.com", ["Mina"]),
        ("filterField=role&filterValue=admin", ["Root"]),
        ("filterField=role&filterValue=user", ["Mina", "Bob", "Ann_A"]),
        ("filterField=role&filterValue=user&filterOperator=ne", ["Root", "Carl"]),
        ("filterField=banned&filterValue=true", ["Bob"]),
        ("filterField=banned&filterValue=false&sortBy=email", ["Ann_A", "Carl", "Mina", "Root"]),
        ("filterField=name&filterValue=Mina&filterValue=Bob&filterOperator=in", ["Mina", "Bob"]),
        (
            "filterField=name&filterValue=Mina&filterValue=Bob&filterOperator=not_in",
            ["Root", "Carl", "Ann_A"],
        ),
        ("filterField=email&filterValue=m&filterOperator=gte&sortBy=email", ["Mina", "Root"]),
        ("filterField=email&filterValue=b&filterOperator=lt", ["Ann_A"]),
        ("filterField=email&filterValue=carl&filterOperator=contains", ["Carl"]),
        (
            "filterField=createdAt&filterValue=2026-03-01T12:30:18Z&filterOperator=gt",
            ["Bob", "Ann_A"],
        ),
        ("filterField=createdAt&filterValue=2026-03-01&filterOperator=lte", []),
        ("searchValue=a&filterField=role&filterValue=instructor", ["Carl"]),
    ],
)
async def test_a_list_holds_what_it_was_asked_for(
    service: Service, root: Person, query: str, names: list[str]
) -> None:
    assert await listed(service, root, query) == names


@pytest.mark.parametrize(
    "query",
    [
        "sortBy=password",
        "sortBy=nothing",
        "limit=-1",
        "limit=1.5",
        "limit=Infinity",
        "offset=-1",
        "offset=1e300",
        "filterField=nothing&filterValue=x",
        "filterField=password&filterValue=x",
        "filterField=createdAt&filterValue=yesterday",
        "filterField=banned&filterValue=t&filterOperator=contains",
        "filterField=name&filterValue=Mina&filterOperator=in",
        "filterField=name&filterValue=Mina&filterValue=Bob",
    ],
)
async def test_a_list_that_cannot_be_is_empty(service: Service, root: Person, query: str) -> None:
    reply = await get(service, f"admin/list-users?{query}", root.cookie)
    assert told(reply) == (200, {"users": [], "total": 0})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("searchField=id", '[query.searchField] Invalid option: expected one of "email"|"name"'),
        (
            "searchOperator=eq",
            (
                '[query.searchOperator] Invalid option: expected one of "contains"|"starts_with"|'
                '"ends_with"'
            ),
        ),
        ("sortDirection=up", '[query.sortDirection] Invalid option: expected one of "asc"|"desc"'),
        (
            "filterOperator=like",
            (
                '[query.filterOperator] Invalid option: expected one of "eq"|"ne"|"lt"|"lte"|"gt"|'
                '"gte"|"in"|"not_in"|"contains"|"starts_with"|"ends_with"'
            ),
        ),
        (
            "searchValue=a&searchValue=b",
            "[query.searchValue] Invalid input: expected string, received array",
        ),
        ("limit=1&limit=2", "[query.limit] Invalid input"),
    ],
)
async def test_a_query_that_is_none_is_refused(
    service: Service, root: Person, query: str, message: str
) -> None:
    reply = await get(service, f"admin/list-users?{query}", root.cookie)
    assert told(reply) == (400, {"message": message, "code": "VALIDATION_ERROR"})


async def test_a_list_tells_how_many_there_are_and_what_was_asked(
    service: Service, root: Person
) -> None:
    reply = await get(service, "admin/list-users?limit=2&offset=1", root.cookie)
    said = reply.json()
    assert (said["total"], said["limit"], said["offset"]) == (5, 2, 1)
    assert reply.headers["cache-control"] == "no-store"
    said = (await get(service, "admin/list-users", root.cookie)).json()
    assert set(said) == {"users", "total"}
    said = (await get(service, "admin/list-users?limit=5000", root.cookie)).json()
    assert said["limit"] == 1000
