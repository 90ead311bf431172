"""Signing up: a user and the account that holds the password, both or neither."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.accounts.passwords import CREDENTIAL, check_policy, hash_password
from auth_service.database.profiles import Profile
from auth_service.database.tables import Account, User
from auth_service.errors import Code, Refused
from auth_service.identifiers import new_identifier
from auth_service.workers import WorkerPool


@dataclass(frozen=True, slots=True)
class NewUser:
    """What a person says of themselves when signing up; the address in lower case."""

    name: str
    email: str
    image: str | None
    software_background: str | None
    hardware_background: str | None
    interest_area: str | None


async def sign_up(
    db: AsyncSession, pool: WorkerPool, person: NewUser, password: str, now: datetime
) -> Profile:
    """Create a user with a password and return it.

    The password is hashed before the address is looked up, so the time taken does not tell
    whether it is known, and no connection is held meanwhile.

    Raises:
        Refused: The password breaks the policy, or the address is taken.
        Busy: Too many passwords are waiting to be hashed.
    """
    check_policy(password)
    hashed = await hash_password(pool, password)
    user = Profile(
        id=new_identifier(),
        name=person.name,
        email=person.email,
        email_verified=False,
        image=person.image,
        created_at=now,
        updated_at=now,
        software_background=person.software_background,
        hardware_background=person.hardware_background,
        interest_area=person.interest_area,
    )
    await _insert_user(db, user)
    await db.execute(
        insert(Account).values(
            id=new_identifier(),
            account_id=user.id,
            provider_id=CREDENTIAL,
            user_id=user.id,
            password=hashed,
            created_at=now,
            updated_at=now,
        )
    )
    return user


async def _insert_user(db: AsyncSession, user: Profile) -> None:
    """Insert a user; of several with one address at once, the database lets one through."""
    inserted = await db.execute(
        postgresql.insert(User)
        .values(
            id=user.id,
            name=user.name,
            email=user.email,
            email_verified=user.email_verified,
            image=user.image,
            created_at=user.created_at,
            updated_at=user.updated_at,
            software_background=user.software_background,
            hardware_background=user.hardware_background,
            interest_area=user.interest_area,
        )
        .on_conflict_do_nothing(index_elements=[User.email])
        .returning(User.id)
    )
    if inserted.one_or_none() is None:
        raise Refused(Code.USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL)
