"""Makes a reader an admin: `python -m auth_service.admin ADDRESS`; the first one needs it."""

import argparse
import asyncio
import sys
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.admin.users import make_admin
from auth_service.database.address import read_address
from auth_service.database.engine import database_errors, open_database
from auth_service.errors import DatabaseUnavailable
from auth_service.resources import utc_now
from auth_service.settings import DatabaseSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings


def main() -> None:
    """Exits with 2 when a setting or the address is wrong, with 1 when nothing answers."""
    parser = argparse.ArgumentParser(prog="python -m auth_service.admin", description=__doc__)
    parser.add_argument("email", help="the address the reader has signed up with")
    email = parser.parse_args().email
    try:
        settings = DatabaseSettings.from_environment()
        configure_logs("admin", settings.log_format, settings.log_level)
        made = asyncio.run(_make_admin(settings.database_url.get_secret_value(), email))
    except BadSettings as error:
        _stop(str(error), 2)
    except DatabaseUnavailable:
        _stop("The database of DATABASE_URL does not answer; the line above names the reason.", 1)
    if not made:
        _stop("Nobody has signed up with that address (make admin EMAIL=…).", 2)
    print(f"{email} is an admin; tokens drawn from now on say so.")  # noqa: T201 -- said to a person


async def _make_admin(database_url: str, email: str) -> bool:
    database = open_database(read_address(database_url), pool_size=1, overflow=0)
    now = utc_now()
    try:
        with database_errors():
            async with AsyncSession(database.engine) as db, db.begin():
                return await make_admin(db, email, now)
    finally:
        await database.engine.dispose()


def _stop(sentence: str, status: int) -> NoReturn:
    print(sentence, file=sys.stderr)  # noqa: T201 -- said to a person
    raise SystemExit(status)


if __name__ == "__main__":
    main()
