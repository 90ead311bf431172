"""The command: `python -m auth_service.personal_data export WHO`, or `erase WHO`.

WHO is an address somebody has signed up with, or their id; the id finds what is left of somebody
who has deleted their account. Exit status: 0 done; 1 the database does not answer; 2 wrong
arguments or settings, or nobody found.
"""

import argparse
import asyncio
import json
import sys
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.address import read_address
from auth_service.database.engine import database_errors, open_database
from auth_service.errors import DatabaseUnavailable
from auth_service.personal_data import find
from auth_service.personal_data.erasure import erase
from auth_service.personal_data.export import export
from auth_service.resources import utc_now
from auth_service.settings import DatabaseSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings


def main() -> None:
    """Print what is stored of somebody as JSON, or how many rows were erased."""
    parser = argparse.ArgumentParser(
        prog="python -m auth_service.personal_data",
        description="Tell everything that is stored of one person, or erase it.",
    )
    parser.add_argument("act", choices=["export", "erase"])
    parser.add_argument("who", help="the address somebody has signed up with, or their id")
    given = parser.parse_args()
    try:
        settings = DatabaseSettings.from_environment()
        configure_logs("personal-data", settings.log_format, settings.log_level)
        found = asyncio.run(_done(settings.database_url.get_secret_value(), given.act, given.who))
    except BadSettings as error:
        _stop(str(error), 2)
    except DatabaseUnavailable:
        _stop("The database of DATABASE_URL does not answer; the line above names the reason.", 1)
    if not any(found.values()):
        _stop("Nothing is stored of anybody with that address or id.", 2)
    print(json.dumps(found, indent=1, ensure_ascii=False))  # noqa: T201 -- what the command is for


async def _done(database_url: str, act: str, who: str) -> dict[str, object]:
    address = read_address(database_url)
    database = open_database(address, pool_size=1, overflow=0, statement_seconds=None)
    snapshot = database.engine.execution_options(isolation_level="REPEATABLE READ")
    try:
        with database_errors():
            async with (
                AsyncSession(snapshot if act == "export" else database.engine) as db,
                db.begin(),
            ):
                user_id = await find(db, who) or who
                if act == "export":
                    return {**await export(db, user_id)}
                return {**await erase(db, user_id, utc_now())}
    finally:
        await database.engine.dispose()


def _stop(sentence: str, status: int) -> NoReturn:
    print(sentence, file=sys.stderr)  # noqa: T201 -- said to a person
    raise SystemExit(status)


if __name__ == "__main__":
    main()
