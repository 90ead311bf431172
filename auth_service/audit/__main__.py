"""Prints events as JSON lines, oldest first: `python -m auth_service.audit export`."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime

from auth_service.audit.events import EventKind
from auth_service.audit.reading import Filters, StoredEvent, every_event
from auth_service.database.address import read_address
from auth_service.database.engine import open_database
from auth_service.errors import DatabaseUnavailable
from auth_service.settings import DatabaseSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings


def main() -> None:
    """Exits with 2 when a setting or an argument is wrong, with 1 when nothing answers."""
    filters = _filters()
    try:
        settings = DatabaseSettings.from_environment()
        configure_logs("audit", settings.log_format, settings.log_level)
        asyncio.run(_export(settings.database_url.get_secret_value(), filters))
    except BadSettings as error:
        print(error, file=sys.stderr)  # noqa: T201 -- said to a person
        raise SystemExit(2) from None
    except DatabaseUnavailable:
        sentence = "The database of DATABASE_URL does not answer."
        print(sentence, file=sys.stderr)  # noqa: T201 -- as above
        raise SystemExit(1) from None
    except BrokenPipeError:  # `| head` has seen enough
        sys.stderr.close()


def _filters() -> Filters:
    parser = argparse.ArgumentParser(prog="python -m auth_service.audit", description=__doc__)
    export = parser.add_subparsers(required=True).add_parser("export", help=__doc__)
    export.add_argument("--user", help="id of who did it, or on whom it was done")
    export.add_argument("--event", choices=[kind.value for kind in EventKind])
    export.add_argument("--since", type=_moment, help="such as 2026-01-31T00:00:00Z")
    export.add_argument("--until", type=_moment, help="not this moment itself")
    given = parser.parse_args()
    return Filters(given.user, given.event, given.since, given.until)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        sentence = f"{text!r} is no moment such as 2026-01-31T00:00:00Z"
        raise argparse.ArgumentTypeError(sentence) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _export(database_url: str, filters: Filters) -> None:
    async for event in _events(database_url, filters):
        print(_line(event))  # noqa: T201 -- what the command is for


async def _events(database_url: str, filters: Filters) -> AsyncIterator[StoredEvent]:
    database = open_database(read_address(database_url), pool_size=1, overflow=0)
    try:
        async with database.statements() as db:
            async for event in every_event(db, filters):
                yield event
    finally:
        await database.engine.dispose()


def _line(event: StoredEvent) -> str:
    said = asdict(event) | {"created_at": event.created_at.astimezone(UTC).isoformat()}
    return json.dumps(said, ensure_ascii=False)


if __name__ == "__main__":
    main()
