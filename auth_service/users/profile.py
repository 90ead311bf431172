"""A user's profile: what they say of themselves, and may change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import update

from auth_service.database.engine import Statements
from auth_service.database.profiles import PROFILE_COLUMNS, Profile
from auth_service.database.tables import User

Field = Literal["name", "image", "software_background", "hardware_background", "interest_area"]
"""All that a user may change of their row; a column not named here cannot be set."""

FIELDS: tuple[Field, ...] = get_args(Field)


async def update_profile(
    db: Statements, user_id: str, changes: Mapping[Field, str | None], now: datetime
) -> Profile | None:
    """Change a user's profile and return it; None when the user is gone.

    Args:
        db: Where.
        user_id: Whose.
        changes: New values; None clears.
        now: The time of the request.
    """
    values: dict[str, str | datetime | None] = {"updated_at": now}
    values |= {str(name): value for name, value in changes.items()}
    changed = await db.execute(
        update(User).where(User.id == user_id).values(values).returning(*PROFILE_COLUMNS)
    )
    row = changed.one_or_none()
    return None if row is None else Profile(*row)
