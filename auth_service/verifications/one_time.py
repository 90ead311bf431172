"""A value that works once: issued, looked at, consumed.

A value is found by its identifier, which holds the secret, such as `reset-password:<token>`. The
newest row of an identifier counts.
"""

from datetime import datetime

from sqlalchemy import delete, insert, select

from auth_service.database.engine import Statements
from auth_service.database.tables import Verification
from auth_service.identifiers import new_identifier


async def issue(
    db: Statements, identifier: str, value: str, *, expires_at: datetime, now: datetime
) -> None:
    """Store a value.

    Args:
        db: Where.
        identifier: What it is found by.
        value: What it says, such as a user's id.
        expires_at: The moment from which it counts no more.
        now: The time of the request.
    """
    await db.execute(
        insert(Verification).values(
            id=new_identifier(),
            identifier=identifier,
            value=value,
            expires_at=expires_at,
            created_at=now,
            updated_at=now,
        )
    )


async def look_up(db: Statements, identifier: str, now: datetime) -> str | None:
    """Return the value of an identifier without consuming it; None if there is none, or no more."""
    newest = (
        select(Verification.value, Verification.expires_at)
        .where(Verification.identifier == identifier)
        .order_by(Verification.created_at.desc())
        .limit(1)
    )
    row = (await db.execute(newest)).one_or_none()
    if row is None:
        return None
    value, expires_at = row
    return None if expires_at < now else str(value)


async def consume(db: Statements, identifier: str, now: datetime) -> str | None:
    """Return the value of an identifier, which with that is used up; None as in `look_up`.

    Of several transactions at once PostgreSQL lets one delete the rows; the others wait for it.
    If it commits, they find nothing; if it rolls back, the next one has its turn.
    """
    spent = (
        delete(Verification)
        .where(Verification.identifier == identifier)
        .returning(Verification.value, Verification.expires_at, Verification.created_at)
    )
    rows = (await db.execute(spent)).all()
    if not rows:
        return None
    value, expires_at, _ = max(rows, key=lambda row: row[2])
    return None if expires_at < now else str(value)
