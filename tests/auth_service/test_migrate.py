import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from auth_service.database.address import read_address
from auth_service.database.engine import open_database
from auth_service.database.tables import Base
from auth_service.errors import DatabaseUnavailable
from auth_service.migrate import alembic_config, migrate
from service_kit.settings import BadSettings
from tests.auth_service.database.relay import Relay
from tests.auth_service.service import CHECKOUT, bare_environment

TABLES = {"user", "session", "account", "verification", "jwks", "apikey"} | {
    "audit_event",
    "refresh_token",
    "revocation",
}


def ask(url: str, statement: str) -> list[str]:
    async def run() -> list[str]:
        db = await asyncpg.connect(url)
        try:
            return [str(row[0]) for row in await db.fetch(statement)]
        finally:
            await db.close()

    return asyncio.run(run())


def tables(url: str) -> set[str]:
    return set(ask(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))


@pytest.fixture
def empty_url(postgres: str) -> Iterator[str]:
    """A database without tables."""
    name = f"empty_{uuid4().hex}"
    ask(postgres, f"CREATE DATABASE {name}")
    yield f"{postgres.rpartition('/')[0]}/{name}"
    ask(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def run_migrate(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auth_service.migrate", *arguments],
        cwd=folder,
        env=bare_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_migrating_makes_the_tables_and_once_more_changes_nothing(empty_url: str) -> None:
    migrate(empty_url)
    assert tables(empty_url) == {*TABLES, "alembic_version"}
    migrate(empty_url)
    newest = ScriptDirectory.from_config(alembic_config(empty_url)).get_current_head()
    assert ask(empty_url, "SELECT version_num FROM alembic_version") == [newest]


def test_going_back_takes_the_tables_away_and_forward_again_brings_them(empty_url: str) -> None:
    migrate(empty_url)
    command.downgrade(alembic_config(empty_url), "base")
    assert tables(empty_url) == {"alembic_version"}
    migrate(empty_url)
    assert tables(empty_url) == {*TABLES, "alembic_version"}


def test_going_back_leaves_no_function_trigger_or_sequence(empty_url: str) -> None:
    asked = (
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " UNION ALL SELECT relname FROM pg_class WHERE relkind = 'S'"
        " UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    migrate(empty_url)
    assert "session_revoked" in ask(empty_url, asked)
    command.downgrade(alembic_config(empty_url), "base")
    assert ask(empty_url, asked) == []


def test_the_migrations_say_what_the_tables_say(empty_url: str) -> None:
    migrate(empty_url)
    command.check(alembic_config(empty_url))


async def test_the_migrations_make_nothing_that_the_tables_do_not_say(database_url: str) -> None:
    # `alembic check` leaves alone what it does not know; here nothing may be left.
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    database = open_database(read_address(database_url), pool_size=1, overflow=0)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await database.engine.dispose()


def test_several_starts_at_once_migrate_one_at_a_time(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as starts:
        replies = [starts.submit(run_migrate, CHECKOUT, DATABASE_URL=empty_url) for _ in range(4)]
    assert [reply.result().returncode for reply in replies] == [0] * 4
    assert tables(empty_url) == {*TABLES, "alembic_version"}


def test_a_database_behind_a_pooler_is_migrated(empty_url: str) -> None:
    migrate(f"{empty_url}?pgbouncer=true")
    assert tables(empty_url) == {*TABLES, "alembic_version"}


def test_a_database_that_is_away_is_said_in_a_sentence(tmp_path: Path) -> None:
    nowhere = "postgresql://book:secret-word@127.0.0.1:1/book"
    with pytest.raises(DatabaseUnavailable):
        migrate(nowhere)
    said = run_migrate(tmp_path, "--wait", "0", DATABASE_URL=nowhere)
    assert said.returncode == 1
    assert said.stderr.endswith(
        "The database of DATABASE_URL does not answer; the line above names the reason.\n"
    )
    assert "secret-word" not in said.stderr + said.stdout


async def test_a_database_that_comes_later_is_waited_for(empty_url: str) -> None:
    relay = Relay(urlsplit(empty_url).port or 0)
    await relay.restore()
    await relay.cut()
    url = empty_url.replace(f":{relay.target}/", f":{relay.port}/")
    migrating = asyncio.create_task(asyncio.to_thread(run_migrate, CHECKOUT, DATABASE_URL=url))
    await asyncio.sleep(3)
    assert not migrating.done()
    await relay.restore()
    done = await migrating
    await relay.cut()
    assert done.returncode == 0
    assert '"waiting_for_database"' in done.stderr
    assert "Traceback" not in done.stderr


def test_tables_of_a_newer_version_are_left_alone_and_said(empty_url: str) -> None:
    migrate(empty_url)
    ask(empty_url, "UPDATE alembic_version SET version_num = 'of_next_year'")
    before = tables(empty_url)
    done = run_migrate(CHECKOUT, DATABASE_URL=empty_url)
    assert done.returncode == 0
    assert '"newer"' in done.stderr
    assert "of_next_year" in done.stderr
    assert "Traceback" not in done.stderr
    assert tables(empty_url) == before
    assert ask(empty_url, "SELECT version_num FROM alembic_version") == ["of_next_year"]


def test_tables_that_cannot_be_taken_over_are_said_in_sentences(empty_url: str) -> None:
    ask(empty_url, "CREATE TABLE jwks (id text PRIMARY KEY, alg text NOT NULL)")
    said = run_migrate(CHECKOUT, DATABASE_URL=empty_url)
    assert said.returncode == 2
    assert "jwks.publicKey is missing\n" in said.stderr
    assert "Traceback" not in said.stderr
    assert tables(empty_url) == {"jwks"}


def test_a_missing_or_wrong_address_is_said_in_a_sentence(tmp_path: Path) -> None:
    said = run_migrate(tmp_path)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("DATABASE_URL is not set")
    said = run_migrate(tmp_path, DATABASE_URL="mysql://localhost/book")
    assert said.returncode == 2
    assert said.stderr.endswith("DATABASE_URL does not begin with postgresql://\n")
    with pytest.raises(BadSettings):
        migrate("mysql://localhost/book")


def test_alembics_own_command_takes_the_address_from_the_environment(empty_url: str) -> None:
    for arguments in (["upgrade", "head"], ["check"], ["downgrade", "base"]):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=CHECKOUT,
            env=bare_environment(DATABASE_URL=empty_url),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
