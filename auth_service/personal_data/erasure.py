"""One person forgotten: their rows go, and what events tell is told of a pseudonym.

Deleting an account leaves its events and its API keys; this reaches every table. Events stay, since
others' safety rests on them, but nothing in them leads back to the person: see docs/decisions/0035.
"""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Text, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.audit.events import Actor, Event, EventKind, record
from auth_service.database.tables import AuditEvent, Revocation, Session, User
from auth_service.personal_data import address_of, rows_of

# In this order: what refers to others goes before them. The revocations that ending all this
# writes are what stops tokens still about; they hold ids alone, and go when no token can be left.
_STAYING = {AuditEvent.__tablename__, Revocation.__tablename__}


async def erase(db: AsyncSession, user_id: str, now: datetime) -> dict[str, int]:
    """Delete or disguise every row that speaks of a person; all of it or nothing.

    The user is locked first, as whoever changes a user's rows does.

    Args:
        db: In a transaction.
        user_id: Also of somebody who has been deleted: events and keys may be left of them.
        now: The time.

    Returns:
        How many rows of each table were deleted or, of events, disguised.
    """
    await db.execute(select(User.id).where(User.id == user_id).with_for_update())
    of_each = rows_of(user_id, await address_of(db, user_id))
    done: dict[str, int] = {}
    for table, condition in reversed(of_each.items()):
        if table.name not in _STAYING:
            rows = delete(table).where(condition).returning(*table.primary_key.columns)
            done[table.name] = len((await db.execute(rows)).all())
    # A Node server's admin who had acted as others.
    acted = update(Session).where(Session.impersonated_by == user_id)
    await db.execute(acted.values(impersonated_by=None))
    # Made anew and kept nowhere, so that nobody can find out whose it was.
    pseudonym = f"erased-{uuid4().hex}"
    disguised = await db.scalar(
        select(func.erase_audit_person(literal(user_id, Text()), literal(pseudonym, Text())))
    )
    done[AuditEvent.__tablename__] = int(disguised or 0)
    if any(done.values()):
        await record(db, Event(EventKind.USER_ERASED, Actor(None, "", now), pseudonym))
    return done
