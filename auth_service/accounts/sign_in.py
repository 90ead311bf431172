"""Signing in: whose address and password these are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import and_, bindparam, func, select, update

from auth_service.accounts.backoff import Attempt, recorded_back_off
from auth_service.accounts.passwords import CREDENTIAL, check_not_too_long, verify_and_renew
from auth_service.audit.events import Actor, Event, EventKind, record
from auth_service.database.engine import Database, Statements
from auth_service.database.profiles import PROFILE_COLUMNS, Profile
from auth_service.database.tables import Account, User
from auth_service.error_codes import Code
from auth_service.errors import Busy, Refused, TooManyRequests
from auth_service.metrics import SIGN_INS
from auth_service.wire import is_email
from auth_service.workers import WorkerPool

_NEIGHBOURS = 20
"""Accounts looked at for a decoy; where all were made by OAuth providers, there is none."""

# The hash of some other account, always the same for an address. It is compared where there is no
# hash of the user's own: in a database of several kinds of hashes, unknown addresses then take as
# long as known ones do, in the same proportion.
_near = (
    select(Account.id, Account.password)
    .where(Account.id >= bindparam("near"))
    .order_by(Account.id)
    .limit(_NEIGHBOURS)
    .subquery()
)
_first = select(Account.id, Account.password).order_by(Account.id).limit(_NEIGHBOURS).subquery()
_decoy = select(
    func.coalesce(
        *(
            select(some.c.password)
            .where(some.c.password.is_not(None))
            .order_by(some.c.id)
            .limit(1)
            .scalar_subquery()
            for some in (_near, _first)
        )
    ).label("password")
).subquery()
_FIND = (
    select(_decoy.c.password, Account.id, Account.password, *PROFILE_COLUMNS)
    .select_from(_decoy)
    .outerjoin(User, User.email == bindparam("address"))
    .outerjoin(Account, and_(Account.user_id == User.id, Account.provider_id == CREDENTIAL))
    .limit(1)
)
_REPLACE = (
    update(Account)
    # The hash that was verified: a password changed meanwhile stays as it is.
    .where(Account.id == bindparam("account"), Account.password == bindparam("old"))
    .values(password=bindparam("new"), updated_at=bindparam("moment"))
)


@dataclass(frozen=True, slots=True)
class _Found:
    user: Profile | None
    account_id: str | None
    stored: str | None
    decoy: str | None


async def check_credentials(
    database: Database, pool: WorkerPool, attempt: Attempt, password: str, now: datetime
) -> Profile:
    """Return the user whom an address and a password name; replace a hash of an old kind.

    An unknown address, a user without a password and a wrong password are refused alike, each
    after a hash was computed. No connection is held meanwhile.

    Raises:
        Refused: INVALID_EMAIL, PASSWORD_TOO_LONG or INVALID_EMAIL_OR_PASSWORD.
        TooManyRequests: Too many passwords were tried at this address.
        Busy: Too many passwords are waiting to be hashed.
    """
    if not is_email(attempt.email):
        raise Refused(Code.INVALID_EMAIL)
    check_not_too_long(password)
    with _counted():
        return await _checked(database, pool, attempt, password, now)


async def _checked(
    database: Database, pool: WorkerPool, attempt: Attempt, password: str, now: datetime
) -> Profile:
    async with recorded_back_off(database, attempt, now):
        wait = await attempt.begin()
        async with database.autocommit.begin() as db:
            found = await _find(db, attempt.email)
            may_enter = await attempt.may_enter(db, wait)
        verified = await verify_and_renew(pool, password, found.stored or found.decoy)
        right = verified.right and found.stored is not None
        enters = await attempt.settle(right=right, wait=wait, may_enter=may_enter)
    if not enters or found.user is None:
        # Written for unknown addresses as well, which takes as long; of them nothing is kept.
        by = Actor(None, attempt.ip_address, now)
        known = None if found.user is None else found.user.id
        async with database.autocommit.begin() as db:
            await record(db, Event(EventKind.SIGN_IN_FAILED, by, known))
        raise Refused(Code.INVALID_EMAIL_OR_PASSWORD)
    if verified.renewed is not None:
        async with database.autocommit.begin() as db:
            await _replace(db, found, verified.renewed, now)
    return found.user


@contextmanager
def _counted() -> Iterator[None]:
    """Count a sign-in that fails; one that succeeds is counted with its session."""
    try:
        yield
    except TooManyRequests:
        SIGN_INS.add("backed_off")
        raise
    except Busy:
        SIGN_INS.add("overloaded")
        raise
    except Refused as refusal:
        if refusal.code is Code.INVALID_EMAIL_OR_PASSWORD:
            SIGN_INS.add("wrong_password")
        raise


async def _find(db: Statements, email: str) -> _Found:
    near = sha256(email.encode()).hexdigest()
    row = (await db.execute(_FIND, {"address": email, "near": near})).one()
    decoy, account_id, stored, *profile = row
    user = Profile(*profile) if profile[0] is not None else None
    return _Found(user, account_id, stored, decoy)


async def _replace(db: Statements, found: _Found, renewed: str, now: datetime) -> None:
    values = {"account": found.account_id, "old": found.stored, "new": renewed, "moment": now}
    await db.execute(_REPLACE, values)
