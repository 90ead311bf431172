"""Brings a database's tables up to date: `python -m auth_service.migrate`."""

import argparse
import sys
import time
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from auth_service.database.schema import NEEDED
from auth_service.errors import DatabaseUnavailable
from auth_service.settings import DatabaseSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings

log = structlog.get_logger(__name__)

WAIT_SECONDS = 30.0
"""How long a database that is starting, or asleep, is waited for."""

_AGAIN_SECONDS = 1.0


def migrate(database_url: str) -> None:
    """Apply every migration that is missing; several callers at once wait for each other.

    Tables of a newer version are left as they are: nothing of theirs is known here, and a service
    of this version can still use what it knows of them.

    It runs an event loop of its own, so it cannot be called from within one.

    Args:
        database_url: libpq URL of the database.

    Raises:
        BadSettings: The URL cannot be read, or the migrations are not there.
        DatabaseUnavailable: The database does not answer.
    """
    try:
        command.upgrade(alembic_config(database_url), "head")
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        log.warning("schema_differs", state="newer", needed=NEEDED, reason=str(error))
        return
    log.info("database_migrated")


def migrate_in_time(database_url: str, seconds: float) -> None:
    """Migrate as soon as the database answers.

    Args:
        database_url: libpq URL of the database.
        seconds: How long it is waited for.

    Raises:
        BadSettings: As `migrate` does.
        DatabaseUnavailable: The database does not answer in time.
    """
    give_up_at = time.monotonic() + seconds
    while True:
        try:
            migrate(database_url)
        except DatabaseUnavailable:
            if time.monotonic() + _AGAIN_SECONDS > give_up_at:
                raise
            log.info("waiting_for_database", seconds=round(give_up_at - time.monotonic()))
            time.sleep(_AGAIN_SECONDS)
        else:
            return


def alembic_config(database_url: str) -> Config:
    """Return what Alembic needs to work on a database.

    Raises:
        BadSettings: The folder with the migrations is not there.
    """
    config = Config()
    config.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    config.attributes["database_url"] = database_url
    return config


def main() -> None:
    """Migrate DATABASE_URL; exits with 2 when a setting is wrong, with 1 when nothing answers."""
    parser = argparse.ArgumentParser(prog="migrate")
    parser.add_argument(
        "--wait",
        type=float,
        default=WAIT_SECONDS,
        metavar="SECONDS",
        help="how long a database that does not answer is waited for (%(default)s)",
    )
    arguments = parser.parse_args()
    try:
        settings = DatabaseSettings.from_environment()
        configure_logs("migrate", settings.log_format, settings.log_level)
        migrate_in_time(settings.database_url.get_secret_value(), arguments.wait)
    except BadSettings as error:
        print(error, file=sys.stderr)  # noqa: T201 -- said to a person
        raise SystemExit(2) from None
    except DatabaseUnavailable:
        sentence = "The database of DATABASE_URL does not answer; the line above names the reason."
        print(sentence, file=sys.stderr)  # noqa: T201 -- as above
        raise SystemExit(1) from None


def _migrations() -> Path:
    """Find the folder: beside the package in a checkout, in the working directory of an image."""
    for parent in (Path(__file__).parents[1], Path.cwd()):
        # Beside an installed package lies the library of the same name, which has no env.py.
        if (parent / "alembic" / "env.py").is_file():
            return parent / "alembic"
    raise BadSettings("The folder `alembic` with the migrations is not in the working directory")


if __name__ == "__main__":
    main()
