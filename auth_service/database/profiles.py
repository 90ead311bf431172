"""What is told of a user: the columns, the value they become, and the row it is made of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, false, func, or_
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from auth_service.database.tables import User

USER = "user"
"""The role of users whose row names none."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A user as the session path hands it on; the order is that of PROFILE_COLUMNS."""

    id: str
    name: str
    email: str
    email_verified: bool
    image: str | None
    created_at: datetime
    updated_at: datetime
    software_background: str | None
    hardware_background: str | None
    interest_area: str | None
    role: str | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        """The user's roles; Better Auth stores several as one text, joined by commas."""
        return tuple((self.role or USER).split(","))


# A row of columns of several types is a tuple of Any to the type checker, here as elsewhere.
PROFILE_COLUMNS: tuple[InstrumentedAttribute[Any], ...] = (
    User.id,
    User.name,
    User.email,
    User.email_verified,
    User.image,
    User.created_at,
    User.updated_at,
    User.software_background,
    User.hardware_background,
    User.interest_area,
    User.role,
)


def is_banned(moment: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition that a user is banned at a moment."""
    forever = User.ban_expires.is_(None)
    return func.coalesce(User.banned & or_(forever, User.ban_expires >= moment), false())


async def insert_user(db: AsyncSession, user: Profile) -> bool:
    """Insert a user unless the address is taken; of several with it at once, one gets through."""
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
    return inserted.one_or_none() is not None
