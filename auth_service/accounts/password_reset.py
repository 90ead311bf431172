"""Resetting a forgotten password: a token by mail, spent together with the change."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth_service.accounts.credentials import add_credential
from auth_service.accounts.email_verification import encoded
from auth_service.accounts.passwords import CREDENTIAL, check_policy, hash_password
from auth_service.audit.events import Actor, Event, EventKind, record
from auth_service.database.engine import Database
from auth_service.database.sweep import Sweep
from auth_service.database.tables import Account, User
from auth_service.error_codes import Code
from auth_service.errors import Refused
from auth_service.identifiers import new_reset_token
from auth_service.mail import Mail
from auth_service.revocations.recording import revoke_user
from auth_service.sessions.management import revoke_all
from auth_service.verifications import one_time
from auth_service.workers import WorkerPool

LIFETIME = timedelta(hours=1)


async def request_reset(  # noqa: PLR0913 -- as reset_password
    database: Database,
    email: str,
    redirect_to: str | None,
    *,
    auth_url: str,
    ip_address: str,
    now: datetime,
) -> Mail | None:
    """Store a token for the user of an address, and return the mail with it; None: no such user.

    Args:
        database: Three statements, each on its own.
        email: The address, in lower case.
        redirect_to: The page that asks for the new password.
        auth_url: Where Better Auth's paths begin, from the configuration alone.
        ip_address: Where the request comes from.
        now: The time of the request.
    """
    token = new_reset_token()
    async with database.autocommit.begin() as db:
        found = await db.execute(select(User.id).where(User.email == email))
        user_id = found.scalar_one_or_none()
        if user_id is None:
            return None
        by = Actor(None, ip_address, now)
        await record(db, Event(EventKind.PASSWORD_RESET_REQUESTED, by, user_id))
        await one_time.issue(db, _identifier(token), user_id, expires_at=now + LIFETIME, now=now)
    url = f"{auth_url}/reset-password/{token}?callbackURL={encoded(redirect_to or '')}"
    return Mail(type="reset-password", to=email, url=url, token=token)


async def is_good(database: Database, sweep: Sweep, token: str, now: datetime) -> bool:
    """Tell whether a token would reset a password; it is not spent."""
    async with database.autocommit.begin() as db:
        await sweep(db, now)
        return await one_time.look_up(db, _identifier(token), now) is not None


async def reset_password(  # noqa: PLR0913 -- a reset touches every one of these
    database: Database,
    sessionmaker: async_sessionmaker[AsyncSession],
    pool: WorkerPool,
    *,
    token: str,
    new_password: str,
    ip_address: str,
    end_sessions: bool,
    now: datetime,
) -> str:
    """Set a user's password, spending the token; return the user's address.

    The password is hashed between two looks at the token, so that only holders of a good one
    make us hash and no connection is held meanwhile. Token and password change in one
    transaction: of several attempts one wins, and one that fails leaves the token good.

    Raises:
        Refused: The password breaks the policy, INVALID_TOKEN, or USER_NOT_FOUND.
        Busy: Too many passwords are waiting to be hashed.
    """
    check_policy(new_password)
    async with database.autocommit.begin() as db:
        user_id = await one_time.look_up(db, _identifier(token), now)
        if user_id is None:
            raise _invalid_token()
    hashed = await hash_password(pool, new_password)
    async with sessionmaker.begin() as transaction:
        if await one_time.consume(transaction, _identifier(token), now) != user_id:
            raise _invalid_token()
        by = Actor(user_id, ip_address, now)
        await record(transaction, Event(EventKind.PASSWORD_RESET, by, user_id))
        email = await _store_password(transaction, user_id, hashed, now)
        if end_sessions:
            await revoke_all(transaction, user_id, by)
        await revoke_user(transaction, user_id, now=now)
        return email


async def _store_password(db: AsyncSession, user_id: str, hashed: str, now: datetime) -> str:
    # Held, so that nobody deletes the user between here and the commit.
    held = select(User.email).where(User.id == user_id).with_for_update(read=True, key_share=True)
    email: str | None = await db.scalar(held)
    if email is None:
        raise Refused(Code.USER_NOT_FOUND, status=400)
    changed = await db.execute(
        update(Account)
        .where(Account.user_id == user_id, Account.provider_id == CREDENTIAL)
        .values(password=hashed, updated_at=now)
        .returning(Account.id)
    )
    if changed.first() is not None:
        return email
    await add_credential(db, user_id, hashed, now)
    return email


def _identifier(token: str) -> str:
    return f"reset-password:{token}"


def _invalid_token() -> Refused:
    return Refused(Code.INVALID_TOKEN, status=400)
