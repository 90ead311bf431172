"""The command, on databases that the migrations make."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import asyncpg
import pytest
from alembic import command

from auth_service.backup import MANIFEST, BackupRefused
from auth_service.backup.restoring import opened, read_manifest, restore
from auth_service.migrate import alembic_config, migrate
from tests.auth_service.service import bare_environment, cookie_of, make_settings, serving

ROWS = 'SELECT to_jsonb("{0}")::text FROM "{0}" ORDER BY 1'
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


def ask(url: str, *statements: str) -> list[str]:
    async def run() -> list[str]:
        db = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await db.execute(statement)
            return [str(row[0]) for row in await db.fetch(statements[-1])]
        finally:
            await db.close()

    return asyncio.run(run())


def everything(url: str) -> dict[str, list[str]]:
    """Return every row of every table there is, ours or not."""
    return {table: ask(url, ROWS.format(table)) for table in sorted(ask(url, TABLES))}


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """A database without tables; a second one is made for what is restored."""
    name = f"saved_{uuid4().hex}"
    ask(postgres, f"CREATE DATABASE {name}", f"CREATE DATABASE {name}_again", "SELECT 1")
    yield f"{postgres.rpartition('/')[0]}/{name}"
    for each in (name, f"{name}_again"):
        ask(postgres, f"DROP DATABASE {each} WITH (FORCE)", "SELECT 1")


@pytest.fixture(scope="module")
def saved_file(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole backup."""
    file = tmp_path_factory.mktemp("whole") / "accounts.zip"
    assert run("save", file, database_url).returncode == 0
    return file


def run(act: str, file: Path | str, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auth_service.backup", act, file],
        env=bare_environment(DATABASE_URL=url),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def filled(url: str) -> str:
    """Have readers with all there is, in names that would trip a careless format; a cookie."""

    async def fill() -> str:
        async with serving(make_settings(url)) as service:
            mina = await service.sign_up(grant="refresh", name="Mi\tna\\N\n„ß“ 🙂")
            cookie = cookie_of(mina)
            headers = {"cookie": cookie, "origin": "http://localhost:3000"}
            for path, body in (
                ("api-key/create", {"name": "a program"}),
                ("request-password-reset", {"email": "mina@example.com"}),
            ):
                reply = await service.client.post(f"/api/auth/{path}", json=body, headers=headers)
                assert reply.status_code == 200, reply.text
            assert (await service.client.get("/api/auth/jwks")).status_code == 200
            await service.sign_up("ben@example.com")
            await service.write(
                'INSERT INTO session (id, "expiresAt", token, "updatedAt", "userId")'
                " SELECT 'x', now() + interval '1 day', 'x', now(), id FROM \"user\" LIMIT 1"
            )
            await service.write("DELETE FROM session WHERE id = 'x'")  # a revocation
            return cookie

    migrate(url)
    return asyncio.run(fill())


def test_everything_comes_back_and_an_old_cookie_is_good(database: str, tmp_path: Path) -> None:
    cookie, file = filled(database), tmp_path / "accounts.zip"
    saved = run("save", file, database)
    assert saved.returncode == 0, saved.stderr
    restored = run("restore", file, f"{database}_again")
    assert restored.returncode == 0, restored.stderr
    assert "2 accounts, 2 sessions" in restored.stderr

    again = everything(f"{database}_again")
    assert again == everything(database)
    # A table of tomorrow fails here until somebody has left something in it.
    assert [table for table, rows in again.items() if not rows] == []

    async def signed_in() -> tuple[object, object]:
        async with serving(make_settings(f"{database}_again")) as service:
            session = await service.get_session(cookie)
            # Also the counters go on: an event and a revocation get numbers of their own.
            await service.client.post(
                "/api/auth/sign-out",
                json={},
                headers={"cookie": cookie, "origin": "http://localhost:3000"},
            )
            return session.json()["user"]["email"], (await service.sign_in()).status_code

    assert asyncio.run(signed_in()) == ("mina@example.com", 200)


def test_a_file_is_its_owners_alone_and_passes_through_pipes(database: str, tmp_path: Path) -> None:
    migrate(database)
    file = tmp_path / "accounts.zip"
    assert run("save", file, database).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    script = (
        f"{sys.executable} -m auth_service.backup save - |"
        f" DATABASE_URL={database}_again {sys.executable} -m auth_service.backup restore -"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        env=bare_environment(DATABASE_URL=database),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert everything(f"{database}_again") == everything(database)


def test_a_database_with_accounts_is_left_alone(database: str, tmp_path: Path) -> None:
    filled(database)
    file = tmp_path / "accounts.zip"
    run("save", file, database)
    before = everything(database)
    refused = run("restore", file, database)
    assert (refused.returncode, everything(database)) == (1, before)
    assert "not empty" in refused.stderr

    async def restored_once_looked_at() -> None:
        db = await asyncpg.connect(database)
        try:
            with opened(file) as source:
                await restore(db, source, read_manifest(source))
        finally:
            await db.close()

    # Somebody may have signed up between the look and the act.
    with pytest.raises(BackupRefused, match="not empty"):
        asyncio.run(restored_once_looked_at())
    assert everything(database) == before


def test_what_is_not_auth_services_own_is_named(database: str, tmp_path: Path) -> None:
    migrate(database)
    ask(
        database,
        "CREATE TABLE note (text text)",
        'ALTER TABLE "user" ADD COLUMN shoe_size integer',
        "SELECT 1",
    )
    saved = run("save", tmp_path / "accounts.zip", database)
    assert "not saved: note, user.shoe_size." in saved.stderr


def harmed(whole: Path, harm: str) -> bytes:
    """Return what a file is after something happened to it."""
    content = whole.read_bytes()
    if harm == "cut":
        return content[: len(content) // 2]
    if harm == "changed":
        with ZipFile(whole) as saved:
            header = saved.getinfo(MANIFEST).header_offset
        # The member's own bytes follow 30 bytes, its name and as many as are said in the last two.
        more = int.from_bytes(content[header + 28 : header + 30], "little")
        place = header + 30 + len(MANIFEST) + more
        return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
    said = {"newer": ("schema", "of_tomorrow"), "format": ("format", 2)}.get(harm)
    made = BytesIO()
    with ZipFile(whole) as saved, ZipFile(made, "w") as target:
        for name in saved.namelist():
            if name != MANIFEST:
                target.writestr(name, saved.read(name))
            elif said:
                stated = json.loads(saved.read(name)) | {said[0]: said[1]}
                target.writestr(name, json.dumps(stated))
    return made.getvalue()


@pytest.mark.parametrize("harm", ["cut", "changed", "format", "no manifest"])
def test_a_file_that_is_not_whole_is_refused(saved_file: Path, tmp_path: Path, harm: str) -> None:
    file = tmp_path / "harmed.zip"
    file.write_bytes(harmed(saved_file, harm))
    with pytest.raises(BackupRefused), opened(file) as source:
        read_manifest(source)


def test_a_wrong_byte_is_refused_or_changes_nothing_that_is_read(
    saved_file: Path, tmp_path: Path
) -> None:
    whole, file = saved_file.read_bytes(), tmp_path / "harmed.zip"
    with ZipFile(saved_file) as source:
        manifest = read_manifest(source)
        content = {name: source.read(name) for name in source.namelist()}
    for place in range(0, len(whole), 5):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x81]) + whole[place + 1 :])
        try:
            with opened(file) as source:
                assert read_manifest(source) == manifest
                assert {name: source.read(name) for name in manifest.tables} == {
                    name: content[name] for name in manifest.tables
                }
        except (BackupRefused, OSError):
            continue


@pytest.mark.parametrize("harm", ["cut", "newer"])
def test_a_refused_file_changes_nothing(
    saved_file: Path, database: str, tmp_path: Path, harm: str
) -> None:
    file = tmp_path / "harmed.zip"
    file.write_bytes(harmed(saved_file, harm))
    refused = run("restore", file, database)
    assert refused.returncode == 1, refused.stderr
    assert "Traceback" not in refused.stderr
    there = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert ask(database, there) == ["0"]


def test_an_older_backup_is_brought_to_the_newest_schema(database: str, tmp_path: Path) -> None:
    filled(database)
    file = tmp_path / "accounts.zip"
    run("save", file, database)
    # As an older version would have made it: without a table and columns of today's.
    older = tmp_path / "older.zip"
    with ZipFile(file) as saved, ZipFile(older, "w") as made:
        stated = json.loads(saved.read(MANIFEST)) | {"schema": "refresh_tokens"}
        del stated["tables"]["audit_event"], stated["sequences"]["audit_event_id_seq"]
        for table, added in (
            ("user", ["role", "banned", "banReason", "banExpires"]),
            ("session", ["impersonatedBy"]),
        ):
            names = stated["tables"][table]["columns"]
            places = [names.index(name) for name in added]
            stated["tables"][table]["columns"] = [one for one in names if one not in added]
            rows = [
                "\t".join(cell for place, cell in enumerate(row.split("\t")) if place not in places)
                for row in saved.read(table).decode().splitlines(keepends=False)
            ]
            made.writestr(table, "".join(f"{row}\n" for row in rows))
        for name in saved.namelist():
            if name not in {MANIFEST, "audit_event", "user", "session"}:
                made.writestr(name, saved.read(name))
        made.writestr(MANIFEST, json.dumps(stated))
    migrate(f"{database}_again")
    restored = run("restore", older, f"{database}_again")
    assert restored.returncode == 0, restored.stderr
    again = everything(f"{database}_again")
    assert again["alembic_version"] == everything(database)["alembic_version"]
    assert again["user"] == everything(database)["user"]


def test_a_database_at_another_migration_is_not_saved(database: str, tmp_path: Path) -> None:
    assert "(none)" in run("save", tmp_path / "accounts.zip", database).stderr
    migrate(database)
    command.downgrade(alembic_config(database), "-1")
    refused = run("save", tmp_path / "accounts.zip", database)
    assert refused.returncode == 1
    assert "make migrate" in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("act", "url", "status"),
    [
        ("save", "mysql://host/x", 2),
        ("save", "postgresql://127.0.0.1:1/x", 1),
        ("restore", "postgresql://127.0.0.1:1/x", 1),
    ],
)
def test_a_command_that_cannot_says_why(act: str, url: str, status: int, tmp_path: Path) -> None:
    done = run(act, tmp_path / "none.zip", url)
    assert done.returncode == status
    assert done.stderr
    assert "Traceback" not in done.stderr
