"""`make backup` and `make restore`: accounts, index and secrets in one folder, and back.

    FOLDER/accounts.zip       what auth_service.backup saves
    FOLDER/index.jsonl.gz     what api_service.ingestion.saved_index saves
    FOLDER/secrets.json       what cookies and tokens are signed with, wherever it is set
    FOLDER/SHA256SUMS         what `sha256sum --check` reads; written last, of whole files

A backup is made while the services run, and without them: then the embedded PostgreSQL is started
for as long as it takes. A restore wants an empty place, and looks at every file before it changes
anything. Whoever has the folder has the accounts.
"""

import argparse
import hashlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from service_kit.settings import BadSettings
from standalone.cluster import PostgresUnavailable
from standalone.data_folder import (
    SECRETS_FILE,
    locked,
    not_replaced,
    read_secrets,
    write_secrets,
)
from standalone.postgres import running_postgres, served_url
from standalone.processes import running
from standalone.refusals import CannotStart
from standalone.settings import Settings

ACCOUNTS, INDEX, SUMS = "accounts.zip", "index.jsonl.gz", "SHA256SUMS"
_LOAD_INDEX = ["api_service.ingestion.saved_index", "load"]


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
    except KeyboardInterrupt:
        _say("Stopped, before all of it was done.")
        sys.exit(1)
    except (BadSettings, CannotStart, PostgresUnavailable) as error:
        _say(str(error))
        sys.exit(1)


def save(settings: Settings, folder: Path) -> None:
    """Save everything into a folder that appears once it is whole.

    Raises:
        CannotStart: The folder is there already, or a part could not be saved.
        PostgresUnavailable: There is no database to save.
    """
    if folder.exists():
        raise CannotStart(f"{folder} is there already; name another with TO=folder.")
    data = settings.data_dir.absolute()
    if settings.database_url is None and not (data / "postgres" / "data").exists():
        raise CannotStart(f"There is nothing in {data} to back up, and DATABASE_URL is not set.")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, partial, ignore_errors=True)
        environment = stack.enter_context(_database(settings, data))
        _run("The accounts", ["auth_service.backup", "save", str(partial / ACCOUNTS)], environment)
        _run(
            "The index",
            ["api_service.ingestion.saved_index", "save", str(partial / INDEX)],
            environment,
        )
        signing = _in_use(read_secrets(data), settings.secrets_given)
        if signing:
            write_secrets(partial, signing)
        files = sorted(partial.iterdir())
        lines = "".join(f"{_sum(path)}  {path.name}\n" for path in files)
        (partial / SUMS).write_text(lines, "ascii")
        for path in partial.iterdir():
            path.chmod(0o600)
        partial.rename(folder)
    _say(f"Backed up to {folder}: whoever can read it has the accounts.")
    signers = {name.removesuffix("S") for name in signing}
    if lacking := sorted({"BETTER_AUTH_SECRET", "JWT_SECRET"} - signers):
        _say(f"Not in it, since not set here: {', '.join(lacking)}. Keep these as well.")
    if Path(".env").exists():
        _say("Other settings are not in it: keep your .env as well.")


def restore(settings: Settings, folder: Path) -> None:
    """Restore everything from a folder, into a place without accounts.

    Raises:
        CannotStart: The folder is no whole backup, a `make run` is running, or a part was refused.
        PostgresUnavailable: There is no database to restore into.
    """
    saved = _whole(folder)
    signing = read_secrets(folder)
    with ExitStack() as stack:
        data = stack.enter_context(locked(settings.data_dir))
        environment = stack.enter_context(_database(settings, data))
        _run(
            "The accounts", ["auth_service.backup", "restore", str(folder / ACCOUNTS)], environment
        )
        if signing:  # the cookies were signed with these
            _set_aside(data, signing)
            write_secrets(data, signing)
        if INDEX in saved:
            try:
                _run("The index", [*_LOAD_INDEX, str(folder / INDEX)], environment)
            except CannotStart as error:
                again = " ".join([sys.executable, "-m", *_LOAD_INDEX, str(folder / INDEX)])
                raise CannotStart(
                    f"The accounts are restored, the index is not: mend that, then {again}"
                ) from error
    given = settings.secrets_given
    if signing and _in_use(signing, given) != signing:
        _say(
            f"{', '.join(given)} set here: with other values than those in "
            f"{folder / SECRETS_FILE} readers have to sign in again. Take them from there."
        )
    _say("Restored: start the services as before.")


def _in_use(kept: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    return {**not_replaced(kept, given), **given}


def _whole(folder: Path) -> set[str]:
    """Return the names of a backup's files, each of which is what was saved.

    Raises:
        CannotStart: One of them is not, or the folder is no backup.
    """
    if not (folder / SUMS).is_file():
        raise CannotStart(f"{folder} holds no {SUMS}; name a whole backup with FROM=folder.")
    lines = (folder / SUMS).read_text("ascii", errors="replace").splitlines()
    sums = {name: stated for stated, _, name in (line.partition("  ") for line in lines)}
    for name in sorted({ACCOUNTS, *sums}):
        path = folder / Path(name).name
        if not path.is_file() or _sum(path) != sums.get(name):
            raise CannotStart(
                f"The backup is damaged: {path} is not what was saved. Nothing was changed."
            )
    return set(sums)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _set_aside(data: Path, signing: Mapping[str, str]) -> None:
    """Keep what another database's readers were signed in by, should this folder have had one."""
    if read_secrets(data) not in ({}, dict(signing)):
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        (data / SECRETS_FILE).rename(data / f"{SECRETS_FILE}.{moment}")


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
