"""Events read by admins, and exported by the command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from auth_service.admin.users import make_admin
from tests.auth_service.admins import Person, act, events, person
from tests.auth_service.service import Service, bare_environment
from tests.auth_service.signed_in import get, told


async def read(service: Service, who: Person, query: str) -> list[tuple[str, str, str]]:
    reply = await get(service, f"admin/audit-events?{query}", who.cookie)
    assert reply.status_code == 200, reply.text
    return [(it["event"], it["actorId"], it["userId"]) for it in reply.json()["events"]]


async def test_an_event_is_told_whole(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    done = await act(service, root, "admin/set-role", userId=mina.id, role="instructor")
    reply = await get(service, f"admin/audit-events?user={mina.id}&limit=1", root.cookie)
    (event,) = reply.json()["events"]
    assert event.pop("id").isdecimal()
    assert event == {
        "event": "role_set",
        "createdAt": "2026-03-01T12:30:15.123Z",
        "actorId": root.id,
        "userId": mina.id,
        "ipAddress": "203.0.113.7",
        "requestId": done.headers["x-request-id"],
        "traceId": done.headers["traceparent"].split("-")[1],
        "detail": {"role": "instructor"},
    }
    assert reply.headers["cache-control"] == "no-store"


async def test_events_are_filtered_by_user_event_and_time(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    service.clock.advance(minutes=10)
    await service.sign_in()
    service.clock.advance(minutes=10)
    await act(service, root, "admin/set-role", userId=mina.id, role="user")
    sign_up, sign_in = ("signed_up", mina.id, mina.id), ("signed_in", mina.id, mina.id)
    role = ("role_set", root.id, mina.id)
    user = f"user={mina.id}"
    assert await read(service, root, user) == [role, sign_in, sign_up]
    assert await read(service, root, f"{user}&event=signed_in") == [sign_in]
    assert await read(service, root, f"{user}&event=nothing") == []
    assert await read(service, root, f"{user}&from=2026-03-01T12:35:00Z") == [role, sign_in]
    assert await read(service, root, f"{user}&to=2026-03-01T12:40:15.123Z") == [sign_up]
    between = "from=2026-03-01T13:40:00%2B01:00&to=2026-03-01T12:41:00Z"
    assert await read(service, root, f"{user}&{between}") == [sign_in]
    assert role in await read(service, root, f"user={root.id}")


async def test_pages_follow_one_another_though_events_come_in_between(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    roles = ["user", "instructor"] * 3
    for role in roles:
        await act(service, root, "admin/set-role", userId=mina.id, role=role)
    seen: list[str] = []
    query = f"admin/audit-events?user={mina.id}&event=role_set&limit=2"
    after, pages = None, 0
    while pages == 0 or after is not None:
        cursor = "" if after is None else f"&before={after}"
        page = (await get(service, f"{query}{cursor}", root.cookie)).json()
        seen += [event["detail"]["role"] for event in page["events"]]
        after, pages = page["next"], pages + 1
        await act(service, root, "admin/set-role", userId=mina.id, role="admin")
    assert seen == roles[::-1]
    assert pages == 4  # the last one is empty: six events fill three


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("from=yesterday", "[query.from] Invalid ISO datetime"),
        ("to=2026-03-01T12:00:00", "[query.to] Invalid ISO datetime"),
        ("before=x", "[query.before] Invalid cursor"),
        ("before=-1", "[query.before] Invalid cursor"),
        (f"before={'9' * 19}", "[query.before] Invalid cursor"),
        ("limit=0", "[query.limit] Invalid input: expected a number from 1 to 9999"),
        ("limit=x", "[query.limit] Invalid input: expected a number from 1 to 9999"),
        ("limit=1&limit=2", "[query.limit] Invalid input"),
        ("user=a&user=b", "[query.user] Invalid input: expected string, received array"),
    ],
)
async def test_a_query_that_is_none_is_refused(service: Service, query: str, message: str) -> None:
    root = await person(service, "root", "admin")
    reply = await get(service, f"admin/audit-events?{query}", root.cookie)
    assert told(reply) == (400, {"message": message, "code": "VALIDATION_ERROR"})


async def test_an_admin_asks_for_a_thousand_at_most(service: Service) -> None:
    root = await person(service, "root", "admin")
    reply = await get(service, "admin/audit-events?limit=9999", root.cookie)
    assert len(reply.json()["events"]) <= 1000


def run(module: str, *arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=bare_environment(DATABASE_URL=url),
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_events_are_exported_as_json_lines_oldest_first(
    service: Service, database_url: str
) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    await act(service, root, "admin/set-role", userId=mina.id, role="instructor")
    done = run("auth_service.audit", "export", "--user", mina.id, url=database_url)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["signed_up", "role_set"], done.stderr
    assert lines[1]["detail"] == {"role": "instructor"}
    assert lines[1]["created_at"] == "2026-03-01T12:30:15.123000+00:00"
    chosen = run(
        *("auth_service.audit", "export", "--user", mina.id, "--event", "role_set"),
        *("--since", "2026-03-01", "--until", "2026-03-02T00:00:00Z"),
        url=database_url,
    )
    assert [json.loads(line)["event"] for line in chosen.stdout.splitlines()] == ["role_set"]


async def test_a_long_export_is_whole(service: Service, database_url: str) -> None:
    await service.write(
        "INSERT INTO audit_event (event, created_at, user_id, ip_address, request_id) "
        "SELECT 'signed_in', now(), 'many', '', CAST(n AS text) FROM generate_series(1, 2500) n"
    )
    done = run("auth_service.audit", "export", "--user", "many", url=database_url)
    numbers = [json.loads(line)["request_id"] for line in done.stdout.splitlines()]
    assert numbers == [str(n) for n in range(1, 2501)]


@pytest.mark.parametrize(
    ("arguments", "url", "status"),
    [
        (("auth_service.audit", "export", "--event", "nothing"), "postgresql://host/x", 2),
        (("auth_service.audit", "export"), "mysql://host/x", 2),
        (("auth_service.audit", "export"), "postgresql://127.0.0.1:1/x", 1),
        (("auth_service.admin", "mina@example.com"), "mysql://host/x", 2),
        (("auth_service.admin", "mina@example.com"), "postgresql://127.0.0.1:1/x", 1),
        (("auth_service.admin",), "postgresql://127.0.0.1:1/x", 2),
    ],
)
def test_a_command_that_cannot_says_why(arguments: tuple[str, ...], url: str, status: int) -> None:
    done = run(*arguments, url=url)
    assert done.returncode == status
    assert done.stderr
    assert "Traceback" not in done.stderr


async def test_the_first_admin_is_made_by_a_command(service: Service, database_url: str) -> None:
    mina = await person(service, "mina", "instructor")
    nobody = run("auth_service.admin", "nobody@example.com", url=database_url)
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert "Nobody has signed up" in nobody.stderr
    made = run("auth_service.admin", "Mina@Example.com", url=database_url)
    assert made.returncode == 0, made.stderr
    assert (await get(service, "admin/list-users", mina.cookie)).status_code == 200
    rows = await service.rows('SELECT role FROM "user" WHERE id = :id', id=mina.id)
    assert rows == [("instructor,admin",)]
    assert await events(service, mina.id) == ["signed_up", "role_set"]


async def test_making_an_admin_twice_makes_one(service: Service) -> None:
    mina = await person(service, "mina")
    for _ in range(2):
        async with service.resources.sessionmaker.begin() as db:
            assert await make_admin(db, "mina@example.com", service.clock())
    rows = await service.rows('SELECT role FROM "user" WHERE id = :id', id=mina.id)
    assert rows == [("admin",)]
