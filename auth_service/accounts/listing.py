"""The ways a user signs in, told without what is secret about them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from auth_service.database.engine import Statements
from auth_service.database.tables import Account


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """A way to sign in, without passwords and tokens; the order is that of the query."""

    account_id: str
    provider_id: str
    user_id: str
    created_at: datetime
    updated_at: datetime
    id: str
    scopes: tuple[str, ...]


async def linked_accounts(db: Statements, user_id: str) -> list[LinkedAccount]:
    """Return a user's accounts, oldest first."""
    rows = await db.execute(
        select(
            Account.account_id,
            Account.provider_id,
            Account.user_id,
            Account.created_at,
            Account.updated_at,
            Account.id,
            Account.scope,
        )
        .where(Account.user_id == user_id)
        .order_by(Account.created_at, Account.id)
    )
    return [LinkedAccount(*row[:-1], scopes=_scopes(row[-1])) for row in rows]


def _scopes(stored: str | None) -> tuple[str, ...]:
    """Return the scopes of a comma separated list."""
    return tuple(filter(None, (scope.strip() for scope in (stored or "").split(","))))
