"""`make backup` and `make restore`: accounts, index and secrets in one folder, and back.

    FOLDER/accounts.zip       what auth_service.backup saves
    FOLDER/index.jsonl.gz     what api_service.ingestion.saved_index saves
    FOLDER/secrets.json       the secrets that `make run` has made; those of .env stay there

A backup is made while the services run, and without them: then the embedded PostgreSQL is started
for as long as it takes. A restore wants an empty place. Whoever has the folder has the accounts.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from service_kit.settings import BadSettings
from standalone.cluster import PostgresUnavailable
from standalone.data_folder import SECRETS_FILE, locked
from standalone.postgres import running_postgres, served_url
from standalone.processes import running
from standalone.refusals import CannotStart
from standalone.settings import Settings

ACCOUNTS, INDEX = "accounts.zip", "index.jsonl.gz"


def main() -> None:
    """Back up into a folder, or restore from one; exits with 1 when that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m standalone.backup", description=__doc__)
    parser.add_argument("act", choices=["save", "restore"])
    parser.add_argument("folder", help="of the backup; a new one of today's date where empty")
    given = parser.parse_args()
    try:
        settings = Settings.from_environment()
        if given.act == "save":
            moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
            save(settings, Path(given.folder or f"backups/{moment}"))
        else:
            restore(settings, Path(given.folder))
    except (BadSettings, CannotStart, PostgresUnavailable) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def save(settings: Settings, folder: Path) -> None:
    """Save everything into a folder that appears once it is whole.

    Raises:
        CannotStart: The folder is there already, or a part could not be saved.
        PostgresUnavailable: There is no database to save.
    """
    if folder.exists():
        raise CannotStart(f"{folder} is there already; name another with TO=folder.")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    data = settings.data_dir.absolute()
    if settings.database_url is None and not (data / "postgres" / "data").exists():
        raise CannotStart(f"There is nothing in {data} to back up, and DATABASE_URL is not set.")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, partial, ignore_errors=True)
        environment = stack.enter_context(_database(settings, data))
        _run("The accounts", ["auth_service.backup", "save", str(partial / ACCOUNTS)], environment)
        _run(
            "The index",
            ["api_service.ingestion.saved_index", "save", str(partial / INDEX)],
            environment,
        )
        if (data / SECRETS_FILE).exists():
            shutil.copy(data / SECRETS_FILE, partial)
        partial.rename(folder)
    _say(f"Backed up to {folder}: whoever can read it has the accounts.")
    if settings.better_auth_secret is not None:
        _say("BETTER_AUTH_SECRET is set outside of it: keep your .env as well.")


def restore(settings: Settings, folder: Path) -> None:
    """Restore everything from a folder, into a place without accounts.

    Raises:
        CannotStart: The folder is no backup, a `make run` is running, or a part was refused.
        PostgresUnavailable: There is no database to restore into.
    """
    if not (folder / ACCOUNTS).is_file():
        raise CannotStart(f"{folder} holds no {ACCOUNTS}; name a backup with FROM=folder.")
    with ExitStack() as stack:
        data = stack.enter_context(locked(settings.data_dir))
        environment = stack.enter_context(_database(settings, data))
        _run(
            "The accounts", ["auth_service.backup", "restore", str(folder / ACCOUNTS)], environment
        )
        if (folder / SECRETS_FILE).exists():  # the cookies were signed with these
            (data / SECRETS_FILE).unlink(missing_ok=True)
            shutil.copy(folder / SECRETS_FILE, data)
        if (folder / INDEX).exists():
            _run(
                "The index",
                ["api_service.ingestion.saved_index", "load", str(folder / INDEX)],
                environment,
            )
    _say("Restored: start the services as before.")


@contextmanager
def _database(settings: Settings, data: Path) -> Iterator[Mapping[str, str]]:
    """Give the environment in which commands reach the database, started here if need be."""
    environment = {"DATA_DIR": str(data)}
    if settings.database_url is not None:
        yield environment
        return
    with ExitStack() as stack:
        try:
            url = stack.enter_context(running_postgres(data / "postgres")).url
        except PostgresUnavailable:  # a `make run` has it
            url = served_url(data / "postgres")
        yield {**environment, "DATABASE_URL": url}


def _run(part: str, command: list[str], environment: Mapping[str, str]) -> None:
    with running(part, command, environment) as process:
        if process.process.wait() != 0:
            raise CannotStart(f"{part} could not be taken; the lines above say why.")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
