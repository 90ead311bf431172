"""Signing in: whose address and password these are."""

from sqlalchemy import and_, bindparam, select

from auth_service.accounts.passwords import CREDENTIAL, check_not_too_long, verify_password
from auth_service.database.engine import Database, Statements
from auth_service.database.profiles import PROFILE_COLUMNS, Profile
from auth_service.database.tables import Account, User
from auth_service.errors import Code, Refused
from auth_service.wire import is_email
from auth_service.workers import WorkerPool

_FIND = (
    select(Account.password, *PROFILE_COLUMNS)
    .join_from(
        User,
        Account,
        and_(Account.user_id == User.id, Account.provider_id == CREDENTIAL),
        isouter=True,
    )
    .where(User.email == bindparam("address"))
    .limit(1)
)


async def check_credentials(
    database: Database, pool: WorkerPool, email: str, password: str
) -> Profile:
    """Return the user whom an address and a password name.

    An unknown address, a user without a password and a wrong password are refused alike, each
    after a hash was computed. The connection is given back before that.

    Raises:
        Refused: INVALID_EMAIL, PASSWORD_TOO_LONG or INVALID_EMAIL_OR_PASSWORD.
        Busy: Too many passwords are waiting to be hashed.
    """
    if not is_email(email):
        raise Refused(Code.INVALID_EMAIL)
    check_not_too_long(password)
    async with database.autocommit.begin() as db:
        user, stored = await _find_user(db, email.lower())
    if not await verify_password(pool, password, stored) or user is None:
        raise Refused(Code.INVALID_EMAIL_OR_PASSWORD)
    return user


async def _find_user(db: Statements, email: str) -> tuple[Profile | None, str | None]:
    row = (await db.execute(_FIND, {"address": email})).one_or_none()
    return (None, None) if row is None else (Profile(*row[1:]), row[0])
