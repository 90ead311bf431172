"""The password of a signed-in user: checked, changed, or set for the first time."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth_service.accounts.backoff import Attempt, recorded_back_off
from auth_service.accounts.credentials import add_credential
from auth_service.accounts.passwords import (
    CREDENTIAL,
    check_not_too_long,
    check_policy,
    hash_password,
    verify_password,
)
from auth_service.audit.events import Actor, Event, EventKind, record, recording
from auth_service.database.engine import Database, Statements
from auth_service.database.tables import Account, AuditEvent, User
from auth_service.error_codes import Code
from auth_service.errors import Busy, Refused
from auth_service.revocations.recording import revoke_user
from auth_service.sessions.lifecycle import StartedSession, start_session
from auth_service.sessions.management import revoke_all
from auth_service.workers import WorkerPool

_ATTEMPTS = 3  # each lost to another change of the same hash

_CREDENTIAL = (
    select(Account.id, Account.password)
    .where(Account.user_id == bindparam("owner"), Account.provider_id == CREDENTIAL)
    .order_by(Account.created_at, Account.id)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """What a user asks for.

    Attributes:
        user_id: Whose password.
        current: It, as the user says.
        new: What replaces it.
        revoke_sessions: End every session of the user, the one that asks too, and start another.
        ip_address: Where the new session is.
        user_agent: As above.
    """

    user_id: str
    current: str = field(repr=False)
    new: str = field(repr=False)
    revoke_sessions: bool
    ip_address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Credential:
    """The account that holds a user's password; None where it holds none."""

    id: str
    stored: str | None = field(repr=False)


async def check_password(  # noqa: PLR0913 -- a check is its arguments
    database: Database,
    pool: WorkerPool,
    attempt: Attempt,
    user_id: str,
    password: str,
    *,
    now: datetime,
    without: Code = Code.INVALID_PASSWORD,
) -> None:
    """Make sure that a password is the user's.

    Args:
        database: Asked for the password.
        pool: Hashes.
        attempt: Counts the try: whoever has come by a session could guess here.
        user_id: Whose password.
        password: It, as the user says.
        now: The time of the request.
        without: The refusal of users who have none.

    Raises:
        Refused: PASSWORD_TOO_LONG, INVALID_PASSWORD, or `without`.
        TooManyRequests: Too many passwords were tried at this account.
        LimitsUnavailable: Tries cannot be counted.
        Busy: Too many passwords are waiting to be hashed.
    """
    check_not_too_long(password)
    async with recorded_back_off(database, attempt, now):
        wait = await attempt.begin()
        async with database.autocommit.begin() as db:
            credential = await _find_credential(db, user_id)
            may_enter = await attempt.may_enter(db, wait)
        stored = None if credential is None else credential.stored
        right = await verify_password(pool, password, stored)
        enters = await attempt.settle(right=right, wait=wait, may_enter=may_enter)
    if not enters:
        await _record_refused(database, Actor(user_id, attempt.ip_address, now))
        raise Refused(Code.INVALID_PASSWORD if stored else without)


async def change_password(  # noqa: PLR0913 -- as check_password
    database: Database,
    sessionmaker: async_sessionmaker[AsyncSession],
    pool: WorkerPool,
    attempt: Attempt,
    change: PasswordChange,
    *,
    now: datetime,
) -> StartedSession | None:
    """Replace a user's password by another, once the current one has been checked.

    No connection is held while passwords are hashed, so the new hash replaces exactly the one
    that was checked: of several changes at once one wins, and what the others call the current
    password is so no longer. A hash renewed meanwhile for the same password is checked again.

    Args:
        database: Asked for the current password.
        sessionmaker: Makes the one transaction of the change.
        pool: Hashes.
        attempt: Counts the try, as above.
        change: Whose password, and by what.
        now: The time of the request.

    Returns:
        The session that takes the place of all others, where that was asked for.

    Raises:
        Refused: PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG for either of them, INVALID_PASSWORD, or
            CREDENTIAL_ACCOUNT_NOT_FOUND where the user has no password.
        TooManyRequests: Too many passwords were tried at this account.
        LimitsUnavailable: Tries cannot be counted.
        Busy: Too many passwords are waiting to be hashed, or changes keep crossing each other.
    """
    check_policy(change.new)
    check_not_too_long(change.current)
    async with recorded_back_off(database, attempt, now):
        wait = await attempt.begin()
    by = Actor(change.user_id, change.ip_address, now)
    hashed: str | None = None
    for _ in range(_ATTEMPTS):
        async with database.autocommit.begin() as asked:
            credential = await _find_credential(asked, change.user_id)
            may_enter = await attempt.may_enter(asked, wait)
        if credential is None or credential.stored is None:
            raise Refused(Code.CREDENTIAL_ACCOUNT_NOT_FOUND)
        right = await verify_password(pool, change.current, credential.stored)
        async with recorded_back_off(database, attempt, now):
            enters = await attempt.settle(right=right, wait=wait, may_enter=may_enter)
        if not enters:
            await _record_refused(database, by)
            raise Refused(Code.INVALID_PASSWORD)
        hashed = hashed or await hash_password(pool, change.new)
        async with sessionmaker.begin() as db:
            if await _replaced(db, by, credential, hashed):
                await revoke_user(db, change.user_id, now=now)
                return await _start_anew(db, change, now) if change.revoke_sessions else None
    raise Busy


async def set_password(
    sessionmaker: async_sessionmaker[AsyncSession],
    pool: WorkerPool,
    *,
    user_id: str,
    password: str,
    now: datetime,
) -> None:
    """Give a user who signs in by other ways a password: for the server's own code, no route.

    Raises:
        Refused: PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, PASSWORD_ALREADY_SET, or UNAUTHORIZED
            where there is no such user.
        Busy: Too many passwords are waiting to be hashed.
    """
    check_policy(password)
    hashed = await hash_password(pool, password)
    async with sessionmaker.begin() as db:
        # Held, so that two at once do not each insert an account: nothing there is unique.
        holding = select(User.id).where(User.id == user_id).with_for_update(key_share=True)
        if (await db.execute(holding)).one_or_none() is None:
            raise Refused(Code.UNAUTHORIZED)
        found = (await db.execute(_CREDENTIAL, {"owner": user_id})).one_or_none()
        if found is None:
            await add_credential(db, user_id, hashed, now)
        elif found.password is None:
            filled = update(Account).where(Account.id == found.id)
            await db.execute(filled.values(password=hashed, updated_at=now))
        else:
            raise Refused(Code.PASSWORD_ALREADY_SET)


async def _record_refused(database: Database, by: Actor) -> None:
    async with database.autocommit.begin() as db:
        await record(db, Event(EventKind.PASSWORD_REFUSED, by, by.id))


async def _find_credential(db: Statements, user_id: str) -> Credential | None:
    row = (await db.execute(_CREDENTIAL, {"owner": user_id})).one_or_none()
    return None if row is None else Credential(*row)


async def _replaced(db: AsyncSession, by: Actor, credential: Credential, hashed: str) -> bool:
    """Store a hash in place of the one that was checked; False when that is there no more."""
    # The user first, as whoever deletes one does: the other order could deadlock with them.
    held = select(User.id).where(User.id == by.id).with_for_update(read=True, key_share=True)
    user = held.cte("held")
    changed = (
        update(Account)
        .where(
            Account.user_id == user.c.id,
            Account.id == credential.id,
            Account.password == credential.stored,
        )
        .values(password=hashed, updated_at=by.at)
        .returning(Account.user_id)
        .cte("changed")
    )
    told = recording(changed, EventKind.PASSWORD_CHANGED, by, user_id=changed.c.user_id)
    return (await db.execute(told.returning(AuditEvent.id))).one_or_none() is not None


async def _start_anew(db: AsyncSession, change: PasswordChange, now: datetime) -> StartedSession:
    by = Actor(change.user_id, change.ip_address, now)
    await revoke_all(db, change.user_id, by)
    return await start_session(
        db,
        change.user_id,
        remembered=True,
        ip_address=change.ip_address,
        user_agent=change.user_agent,
        now=now,
    )
