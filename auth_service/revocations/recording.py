"""Ending a user's tokens. What ends with a session, an API key or a user, triggers write down."""

from datetime import datetime, timedelta

from sqlalchemy import insert

from auth_service.database.engine import Statements
from auth_service.database.tables import Revocation

KEPT = timedelta(days=30, hours=1)
"""How long an entry is kept: the longest life of a token, and what clocks may be apart."""


SETTLED = timedelta(seconds=2)
"""How long after a change a request that had read what was before may still mint a token."""


async def revoke_user(db: Statements, user_id: str, *, now: datetime) -> None:
    """End every token a user has been given so far; those given from this second on count.

    Sessions go on: a token drawn with one of them afterwards counts.

    Args:
        db: Where the reason is being stored; both are committed together.
        user_id: Whose tokens.
        now: The time of the request, by the clock that tokens are issued by; plus SETTLED where
            it matters more that no token of before goes on than that one of after counts at once.
    """
    await db.execute(insert(Revocation).values(kind="user", value=user_id, not_before=now))
