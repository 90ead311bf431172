"""Signing up: a user and the account that holds the password, both or neither."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.accounts.credentials import add_credential
from auth_service.accounts.passwords import check_policy, hash_password
from auth_service.database.profiles import Profile, insert_user
from auth_service.error_codes import Code
from auth_service.errors import Refused
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
    if not await insert_user(db, user):
        raise Refused(Code.USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL)
    await add_credential(db, user.id, hashed, now)
    return user
