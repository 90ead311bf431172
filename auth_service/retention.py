"""Deletes what has expired: `python -m auth_service.retention`; once a day is often enough."""

import asyncio
import json
import sys
from typing import NoReturn

from auth_service.database.address import read_address
from auth_service.database.engine import open_database
from auth_service.database.sweep import sweep_all
from auth_service.errors import DatabaseUnavailable
from auth_service.resources import utc_now
from auth_service.retention_settings import RetentionSettings
from auth_service.settings import DatabaseSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings


class Settings(RetentionSettings, DatabaseSettings):
    """What the command needs, and nothing else."""


def main() -> None:
    """Print how many rows went; exits with 2 for a wrong setting, with 1 for no answer."""
    try:
        settings = Settings.from_environment()
        configure_logs("retention", settings.log_format, settings.log_level)
        gone = asyncio.run(_swept(settings))
    except BadSettings as error:
        _stop(str(error), 2)
    except DatabaseUnavailable:
        _stop("The database of DATABASE_URL does not answer; the line above names the reason.", 1)
    print(json.dumps(gone))  # noqa: T201 -- what the command is for


async def _swept(settings: Settings) -> dict[str, int]:
    url = settings.database_url.get_secret_value()
    database = open_database(read_address(url), pool_size=1, overflow=0, statement_seconds=None)
    try:
        async with database.statements() as db:
            return await sweep_all(db, utc_now(), audit_days=settings.audit_days)
    finally:
        await database.engine.dispose()


def _stop(sentence: str, status: int) -> NoReturn:
    print(sentence, file=sys.stderr)  # noqa: T201 -- said to a person
    raise SystemExit(status)


if __name__ == "__main__":
    main()
