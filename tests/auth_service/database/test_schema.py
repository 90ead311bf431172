import asyncio
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from auth_service.database.schema import NEEDED, REVISIONS
from auth_service.migrate import alembic_config, migrate
from tests.auth_service.service import Service, cookie_of, make_settings, serving


async def run(url: str, *statements: str) -> None:
    db = await asyncpg.connect(url)
    try:
        for statement in statements:
            await db.execute(statement)
    finally:
        await db.close()


@pytest.fixture
def url(postgres: str) -> Iterator[str]:
    """A database of this test's own, with all migrations."""
    name = f"schema_{uuid4().hex}"
    asyncio.run(run(postgres, f"CREATE DATABASE {name}"))
    address = f"{postgres.rpartition('/')[0]}/{name}"
    migrate(address)
    yield address
    asyncio.run(run(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


async def refused(service: Service, email: str) -> None:
    reply = await service.sign_up(email)
    assert (reply.status_code, reply.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert reply.headers["retry-after"] == "5"


def test_the_revisions_known_are_those_of_the_migrations(url: str) -> None:
    script = ScriptDirectory.from_config(alembic_config(url))
    assert [each.revision for each in script.walk_revisions()][::-1] == list(REVISIONS)


async def test_an_older_schema_is_named_and_what_needs_more_is_refused_until_it_is_there(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.to_thread(command.downgrade, alembic_config(url), "refresh_tokens")
    async with serving(make_settings(url)) as service:
        told = await service.client.get("/ready")
        assert (told.status_code, told.json()["dependencies"]) == (503, {"database": "unavailable"})
        schema = {"state": "older", "found": "refresh_tokens", "needed": NEEDED}
        assert told.json()["details"] == {"schema": schema}
        await refused(service, "early@example.com")
        assert (await service.client.get("/health")).status_code == 200
        assert (await service.client.get("/api/auth/get-session")).text == "null"

        await asyncio.to_thread(migrate, url)
        cookie = cookie_of(await service.sign_up("early@example.com"))
        assert (await service.get_session(cookie)).json()["user"]["email"] == "early@example.com"
        async with asyncio.timeout(20):  # what was read before is told for two seconds
            while (told := await service.client.get("/ready")).status_code != 200:  # noqa: ASYNC110 -- not an event
                await asyncio.sleep(0.1)
        assert "details" not in told.json()
    said = capsys.readouterr()
    [line] = [line for line in (said.out + said.err).splitlines() if "schema_differs" in line]
    assert "refresh_tokens" in line


async def test_on_a_newer_schema_what_it_left_in_place_is_served(url: str) -> None:
    await run(
        url,
        "UPDATE alembic_version SET version_num = 'of_next_year'",
        'ALTER TABLE "user" ADD COLUMN "favouriteChapter" text',
    )
    async with serving(make_settings(url)) as service:
        cookie = cookie_of(await service.sign_up("late@example.com"))
        told = await service.client.get("/ready")
        assert told.status_code == 200
        schema = {"state": "newer", "found": "of_next_year", "needed": NEEDED}
        assert told.json()["details"] == {"schema": schema}

        await run(url, "ALTER TABLE audit_event RENAME TO event")
        await refused(service, "later@example.com")
        assert (await service.get_session(cookie)).json()["user"]["email"] == "late@example.com"


async def test_without_migrations_every_request_that_needs_tables_is_refused(
    postgres: str,
) -> None:
    async with serving(make_settings(postgres.rsplit("/", 1)[0] + "/postgres")) as service:
        await refused(service, "nowhere@example.com")
        reply = await service.sign_in()
        assert reply.status_code == 503
        told = await service.client.get("/ready")
    missing = {"state": "missing", "found": None, "needed": NEEDED}
    assert told.json()["details"] == {"schema": missing}


async def test_with_the_right_schema_a_failing_statement_is_a_mistake_of_ours(url: str) -> None:
    async with serving(make_settings(url)) as service:
        await run(url, "ALTER TABLE audit_event RENAME TO event")
        assert (await service.sign_up("ours@example.com")).status_code == 500
