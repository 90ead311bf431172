"""One person's data, told and erased, in every table there is."""

import json
import subprocess
import sys
from uuid import uuid4

import asyncpg
import pytest

from auth_service.database.tables import Base
from auth_service.personal_data import NOBODYS, rows_of
from auth_service.personal_data.erasure import erase
from auth_service.personal_data.export import WITHHELD, Told, export
from tests.auth_service.admins import Person, act, person
from tests.auth_service.service import Service, bare_environment, cookie_of
from tests.auth_service.signed_in import get, post

TABLES = [table.name for table in Base.metadata.sorted_tables]


def run(act: str, who: str, *, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auth_service.personal_data", act, who],
        env=bare_environment(DATABASE_URL=url),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def lived(service: Service, name: str) -> tuple[Person, str]:
    """Have somebody leave something in every table; return them and their refresh token."""
    reply = await service.sign_up(
        f"{name}@example.com",
        name=f"{name.title()} Grey",
        grant="refresh",
        softwareBackground=f"{name} codes",
    )
    who = Person(reply.json()["user"]["id"], cookie_of(reply))
    await post(service, "api-key/create", who.cookie, {"name": f"{name}'s program"})
    await post(service, "request-password-reset", None, {"email": f"{name}@example.com"})
    await post(service, "sign-in/email", None, {"email": f"{name}@example.com", "password": "no"})
    left = cookie_of(await service.sign_in(f"{name}@example.com"))
    await post(service, "sign-out", left, {})
    # As a Node server with other plugins stores them.
    await service.write(
        'INSERT INTO verification (id, identifier, value, "expiresAt") VALUES '
        "(:one, :ident, '123456:0', now()), (:two, 'state', :state, now())",
        one=uuid4().hex,
        two=uuid4().hex,
        ident=f"sign-in-otp-{name}@example.com",
        state=json.dumps({"link": {"email": f"{name.title()}@example.com"}}),
    )
    return who, str(reply.json()["refreshToken"])


async def told(service: Service, user_id: str) -> dict[str, list[Told]]:
    async with service.resources.sessionmaker.begin() as db:
        return await export(db, user_id)


async def erased(service: Service, user_id: str) -> dict[str, int]:
    async with service.resources.sessionmaker.begin() as db:
        return await erase(db, user_id, service.clock())


async def dumped(service: Service) -> dict[str, str]:
    """Return all rows of all tables of the schema as text, ours or not."""
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return {
        str(name): str(await service.rows(f'SELECT CAST(t AS text) FROM "{name}" t'))  # noqa: S608 -- the database's names
        for (name,) in await service.rows(tables)
    }


def test_every_table_is_decided_on() -> None:
    decided = {table.name for table in rows_of("id", "mina@example.com")}
    assert decided | set(NOBODYS) == set(TABLES)
    assert not decided & set(NOBODYS)


async def test_an_export_tells_of_every_table_and_opens_no_door(
    service: Service, database_url: str
) -> None:
    await service.write("DELETE FROM verification")
    mina, refresh = await lived(service, "mina")
    await lived(service, "ben")
    done = run("export", "Mina@Example.com", url=database_url)
    rows_told = json.loads(done.stdout)
    rows = {table: len(found) for table, found in rows_told.items()}
    assert rows.pop("audit_event") >= 5
    assert rows == {
        "user": 1,
        "session": 1,
        "account": 1,
        "apikey": 1,
        "refresh_token": 1,
        "verification": 3,
        "revocation": 0,
    }
    assert rows_told["user"][0]["softwareBackground"] == "mina codes"
    assert rows_told["session"][0]["ipAddress"] == "203.0.113.7"
    assert "ben" not in done.stdout
    for table, columns in WITHHELD.items():
        assert not columns & set(rows_told[table][0])
    token = mina.cookie.partition("=")[2].partition(".")[0]
    ((hashed, key),) = await service.rows(
        'SELECT password, key FROM account JOIN apikey ON "referenceId" = "userId"'
        ' WHERE "userId" = :id',
        id=mina.id,
    )
    for secret in (token, refresh, str(hashed), str(key)):
        assert secret not in done.stdout


async def test_an_export_tells_of_nobody_else_what_they_did_from_where(service: Service) -> None:
    root = await person(service, "root", "admin")
    mina, _ = await lived(service, "mina")
    await act(service, root, "admin/set-role", userId=mina.id, role="instructor")
    of_mina, of_root = await told(service, mina.id), await told(service, root.id)
    assert root.id not in json.dumps(of_mina)
    assert mina.id not in json.dumps(of_root)
    (given,) = (event for event in of_mina["audit_event"] if event["event"] == "role_set")
    assert [given[name] for name in ("actor_id", "user_id", "ip_address", "request_id")] == [
        *("another", mina.id, "", "")
    ]
    (gave,) = (event for event in of_root["audit_event"] if event["event"] == "role_set")
    assert (gave["actor_id"], gave["user_id"]) == (root.id, "another")
    assert gave["ip_address"] == "203.0.113.7"


async def test_nothing_that_leads_to_an_erased_person_is_left_in_any_table(
    service: Service, database_url: str
) -> None:
    await service.write("DELETE FROM verification")
    mina, _ = await lived(service, "mina")
    ben, _ = await lived(service, "ben")
    service.clock.advance(hours=1)
    before = await service.rows(
        "SELECT count(*) FROM audit_event WHERE user_id = :id OR actor_id = :id", id=mina.id
    )
    ben_before = await told(service, ben.id)

    done = run("erase", "mina@example.com", url=database_url)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "user": 1,
        "session": 1,
        "account": 1,
        "apikey": 1,
        "refresh_token": 1,
        "verification": 3,
        "audit_event": before[0][0],
    }
    left = await dumped(service)
    assert set(TABLES) <= set(left)
    # What ends tokens still about: an id that names nobody, and goes when none can be left.
    assert mina.id in left.pop("revocation")
    for table, content in left.items():
        for trace in (mina.id, "mina@example.com", "Mina Grey", "mina codes", "mina's program"):
            assert trace.lower() not in content.lower(), table
    assert await told(service, ben.id) == ben_before


async def test_events_of_an_erased_person_stay_those_of_one_and_have_no_address(
    service: Service,
) -> None:
    root = await person(service, "root", "admin")
    mina, _ = await lived(service, "mina")
    await act(service, root, "admin/set-role", userId=mina.id, role="instructor")
    asked = "SELECT id, event, created_at, detail FROM audit_event WHERE id IN "
    mark = "(SELECT id FROM audit_event WHERE {} ) ORDER BY id"
    before = await service.rows(asked + mark.format("user_id = :id"), id=mina.id)
    await erased(service, mina.id)
    pseudonyms = await service.rows(
        "SELECT DISTINCT user_id FROM audit_event WHERE user_id LIKE 'erased-%' AND id >= :first",
        first=before[0][0],
    )
    ((pseudonym,),) = pseudonyms
    after = await service.rows(asked + mark.format("user_id = :id"), id=pseudonym)
    assert after[:-1] == before
    assert after[-1][1] == "user_erased"
    seen = await service.rows(
        "SELECT event, actor_id, ip_address, request_id || trace_id <> '' FROM audit_event"
        " WHERE user_id = :id AND (ip_address <> '' OR request_id <> '' OR trace_id <> '')",
        id=pseudonym,
    )
    # What the admin did tells of the admin.
    assert seen == [("role_set", root.id, "203.0.113.7", True)]


async def test_an_erased_person_is_signed_out_and_may_come_again(service: Service) -> None:
    mina, refresh = await lived(service, "mina")
    await erased(service, mina.id)
    assert (await get(service, "get-session", mina.cookie)).json() is None
    reply = await post(service, "token/refresh", None, {"refreshToken": refresh})
    assert reply.status_code == 401
    assert (await service.sign_in()).status_code == 401
    assert (await service.sign_up()).status_code == 200


async def test_what_deleting_an_account_left_is_erased_by_the_id(service: Service) -> None:
    root = await person(service, "root", "admin")
    mina, _ = await lived(service, "mina")
    await act(service, root, "admin/remove-user", userId=mina.id)
    left = await told(service, mina.id)
    assert {table for table, rows in left.items() if rows} >= {"apikey", "audit_event"}
    assert (await erased(service, mina.id))["apikey"] == 1
    dump = await dumped(service)
    del dump["revocation"]
    assert not any(mina.id in content for content in dump.values())


async def test_who_had_acted_as_others_is_gone_from_their_sessions(service: Service) -> None:
    root, mina = await person(service, "root", "admin"), await person(service, "mina")
    await service.write(
        'UPDATE session SET "impersonatedBy" = :root WHERE "userId" = :mina',
        root=root.id,
        mina=mina.id,
    )
    await erased(service, root.id)
    assert (await get(service, "get-session", mina.cookie)).json()["user"]["id"] == mina.id
    assert root.id not in (await dumped(service))["session"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET event = 'signed_out'",
        "UPDATE audit_event SET created_at = now()",
        "UPDATE audit_event SET detail = '{}'",
        "UPDATE audit_event SET actor_id = 'somebody'",
        "UPDATE audit_event SET user_id = NULL",
        "UPDATE audit_event SET ip_address = '198.51.100.1'",
        "UPDATE audit_event SET request_id = 'another'",
        "UPDATE audit_event SET trace_id = 'another'",
        "DELETE FROM audit_event",
    ],
)
async def test_the_way_events_forget_is_no_way_to_forge_them(
    service: Service, database_url: str, statement: str
) -> None:
    await person(service, "mina")
    db = await asyncpg.connect(database_url)
    try:
        await db.execute("SET auth_service.erasing = 'on'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await db.execute(statement)
    finally:
        await db.close()


@pytest.mark.parametrize(
    ("who", "url", "status"),
    [
        ("mina@example.com", "mysql://host/x", 2),
        ("mina@example.com", "postgresql://127.0.0.1:1/x", 1),
        ("nobody@example.com", None, 2),
    ],
)
def test_a_command_that_cannot_says_why(
    database_url: str, who: str, url: str | None, status: int
) -> None:
    done = run("erase", who, url=url or database_url)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr
    assert "Traceback" not in done.stderr
