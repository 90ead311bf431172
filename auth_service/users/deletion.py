"""Deleting an account: what proves that its user means it, and what goes."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.accounts.email_verification import encoded
from auth_service.audit.events import Actor, Event, EventKind, record
from auth_service.database.engine import Statements
from auth_service.database.profiles import Profile
from auth_service.database.tables import Account, Session, User
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.identifiers import new_deletion_token
from auth_service.mail import Mail
from auth_service.verifications import one_time

LIFETIME = timedelta(days=1)
"""How long a mailed link deletes the account."""


async def request_deletion(
    db: Statements, user: Profile, callback_url: str | None, *, auth_url: str, now: datetime
) -> Mail:
    """Store a token that deletes the user's account, and return the mail with it.

    Args:
        db: Where.
        user: Who asks.
        callback_url: Where the link leads in the end.
        auth_url: Where Better Auth's paths begin, from the configuration alone.
        now: The time of the request.
    """
    token = new_deletion_token()
    await one_time.issue(db, _identifier(token), user.id, expires_at=now + LIFETIME, now=now)
    url = (
        f"{auth_url}/delete-user/callback?token={token}&callbackURL={encoded(callback_url or '/')}"
    )
    return Mail(type="delete-user", to=user.email, url=url, token=token)


async def delete_by_token(db: AsyncSession, by: Actor, token: str) -> None:
    """Delete the user who asks for it, spending the token of their mail; both or neither.

    In other hands the token deletes nobody, and stays good.

    Raises:
        Refused: INVALID_TOKEN; the transaction must then be rolled back.
    """
    if by.id is None or await one_time.consume(db, _identifier(token), by.at) != by.id:
        raise Refused(Code.INVALID_TOKEN, status=404)
    await delete_user(db, by.id, by)


async def delete_user(
    db: AsyncSession, user_id: str, by: Actor, kind: EventKind = EventKind.USER_DELETED
) -> None:
    """Delete a user, with sessions and accounts; API keys stay, as in Better Auth.

    The foreign keys would do so by themselves, but not in every database taken over. The user is
    locked first, as whoever changes a user's rows does. Events that name the user's id stay.
    """
    await db.execute(select(User.id).where(User.id == user_id).with_for_update())
    await db.execute(delete(Session).where(Session.user_id == user_id))
    await db.execute(delete(Account).where(Account.user_id == user_id))
    gone = await db.execute(delete(User).where(User.id == user_id).returning(User.id))
    if gone.first() is not None:
        await record(db, Event(kind, by, user_id))


def _identifier(token: str) -> str:
    return f"delete-account-{token}"
