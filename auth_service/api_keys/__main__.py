"""Makes API keys with what only the site's owner sets: `python -m auth_service.api_keys create`."""

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import select

from auth_service.api_key_settings import ApiKeySettings
from auth_service.api_keys.keys import (
    Limits,
    NewKey,
    create_key,
    default_limits,
)
from auth_service.api_keys.rules import check_new
from auth_service.api_keys.schemas import is_prefix
from auth_service.audit.events import Actor
from auth_service.database.address import read_address
from auth_service.database.engine import database_errors, open_database
from auth_service.database.tables import User
from auth_service.errors import DatabaseUnavailable, Refused
from auth_service.settings import DatabaseSettings
from service_kit.settings import BadSettings

_MOST = 2**31 - 1


class CommandSettings(ApiKeySettings, DatabaseSettings):
    """What the command reads."""


class NoSuchUser(Exception):
    """Nobody has the address."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a key and print its record as JSON, the key included, this once.

    Exits with 2 when an argument or a setting is wrong, with 1 when nobody has the address or the
    database does not answer.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        settings = CommandSettings.from_environment()
        made = asyncio.run(_create(settings, chosen.user, _new_key(chosen, settings)))
    except (BadSettings, Refused, ValueError) as error:
        sentence = error.message if isinstance(error, Refused) else str(error)
        status = 1 if isinstance(error, DatabaseUnavailable) else 2
    except NoSuchUser:
        sentence, status = "Nobody has that address.", 1
    else:
        print(made)  # noqa: T201 -- what the command is for
        return
    print(sentence, file=sys.stderr)  # noqa: T201 -- said to a person
    raise SystemExit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m auth_service.api_keys")
    create = parser.add_subparsers(required=True).add_parser("create", help="make a key")
    create.add_argument("--user", required=True, metavar="EMAIL", help="whose key it is")
    create.add_argument("--name", help="up to 32 characters")
    create.add_argument("--prefix", help="what the key begins with")
    create.add_argument("--expires-in", type=float, metavar="SECONDS", help="a day to a year")
    create.add_argument("--remaining", type=_count, metavar="N", help="uses, before it is refilled")
    create.add_argument("--refill-amount", type=_count, metavar="N")
    create.add_argument("--refill-interval", type=_count, metavar="MS")
    create.add_argument("--rate-limit-max", type=_count, metavar="N", help="0: no rate limit")
    create.add_argument("--rate-limit-window", type=_count, metavar="MS")
    create.add_argument(
        "--permission",
        action="append",
        default=[],
        metavar="RESOURCE:ACTION",
        help="such as book:ask or book:search; may be given several times",
    )
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _MOST:
        raise ValueError
    return number


def _new_key(chosen: argparse.Namespace, settings: CommandSettings) -> NewKey:
    if chosen.prefix and not is_prefix(chosen.prefix):
        raise ValueError("A prefix is of letters, digits, _ and - alone.")
    if bool(chosen.refill_amount) != bool(chosen.refill_interval):
        raise ValueError("--refill-amount and --refill-interval go together.")
    permissions: dict[str, list[str]] = defaultdict(list)
    for permission in chosen.permission:
        resource, colon, action = permission.partition(":")
        if not (resource and colon and action):
            raise ValueError("A permission is written RESOURCE:ACTION.")
        permissions[resource].append(action)
    return NewKey(
        limits=_limits(chosen, default_limits(settings)),
        name=chosen.name,
        prefix=chosen.prefix,
        lifetime=check_new(chosen.name, chosen.prefix, chosen.expires_in),
        permissions=permissions or None,
    )


def _limits(chosen: argparse.Namespace, limits: Limits) -> Limits:
    if chosen.rate_limit_max is not None:
        limits = replace(
            limits,
            rate_limit_enabled=chosen.rate_limit_max > 0,
            rate_limit_max=chosen.rate_limit_max,
        )
    if chosen.rate_limit_window:
        limits = replace(limits, rate_limit_time_window=chosen.rate_limit_window)
    remaining = chosen.refill_amount if chosen.remaining is None else chosen.remaining
    return replace(
        limits,
        remaining=remaining,
        refill_amount=chosen.refill_amount,
        refill_interval=chosen.refill_interval,
    )


async def _create(settings: CommandSettings, email: str, new: NewKey) -> str:
    address = read_address(settings.database_url.get_secret_value())
    database = open_database(address, pool_size=1, overflow=0)
    now = datetime.now(UTC)
    try:
        with database_errors():
            async with database.engine.begin() as db:
                user_id = await db.scalar(select(User.id).where(User.email == email.lower()))
                if user_id is None:
                    raise NoSuchUser
                stored, key = await create_key(db, user_id, new, Actor(None, "", now))
    finally:
        await database.engine.dispose()
    return json.dumps({"id": stored.id, "key": key, "start": stored.start, "name": stored.name})


if __name__ == "__main__":
    main()
