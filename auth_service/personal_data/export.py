"""What is stored of one person, told to them: every table's rows, without what opens a door."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Table, select

from auth_service.database.engine import Statements
from auth_service.database.tables import AuditEvent
from auth_service.personal_data import address_of, rows_of

Told = Mapping[str, object]
"""A row as JSON has it, by the names of its columns."""

WITHHELD: Mapping[str, frozenset[str]] = {
    "session": frozenset({"token"}),
    "account": frozenset({"password", "accessToken", "refreshToken", "idToken"}),
    "apikey": frozenset({"key"}),
    "refresh_token": frozenset({"family_hash", "token_hash", "nonce", "used_lately"}),
    "verification": frozenset({"identifier", "value"}),
}
"""Columns that hold secrets: whoever comes by the file must not be able to act as the person."""


ANOTHER = "another"
"""What stands for the id of somebody else."""


async def export(db: Statements, user_id: str) -> dict[str, list[Told]]:
    """Return every row that speaks of a person, by table, in the order of their first column.

    Args:
        db: In one transaction, so that all of it is one moment's.
        user_id: Also of somebody who has been deleted: events may still tell of them.
    """
    of_each = rows_of(user_id, await address_of(db, user_id))
    told = {table.name: await _rows(db, table, condition) for table, condition in of_each.items()}
    events = AuditEvent.__tablename__
    return {**told, events: [_without_others(event, user_id) for event in told[events]]}


def _without_others(event: Told, user_id: str) -> Told:
    """Leave out of an event whom else it tells of: who acted, from where, or on whom."""
    left_out: dict[str, object] = {}
    if event["actor_id"] not in {None, user_id}:
        left_out |= dict.fromkeys(("ip_address", "request_id", "trace_id"), "")
    others = {event["actor_id"], event["user_id"]} - {None, user_id}
    ids = ("actor_id", "user_id")
    return {**event, **left_out, **{name: ANOTHER for name in ids if event[name] in others}}


async def _rows(db: Statements, table: Table, condition: object) -> list[Told]:
    withheld = WITHHELD.get(table.name, frozenset())
    columns = [column for column in table.columns if column.name not in withheld]
    found = await db.execute(
        select(*columns).where(condition).order_by(*table.primary_key.columns)  # type: ignore[arg-type]  # a condition of the same table
    )
    return [
        dict(zip((column.name for column in columns), map(_told, row), strict=True))
        for row in found
    ]


def _told(value: object) -> object:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
