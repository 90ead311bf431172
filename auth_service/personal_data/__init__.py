"""What is stored of one person, told or erased: `python -m auth_service.personal_data`.

Every table is named in `rows_of`, or in NOBODYS with the reason; a test compares both with the
tables there are.
"""

from sqlalchemy import ColumnElement, Table, func, or_, select

from auth_service.database.engine import Statements
from auth_service.database.tables import (
    Account,
    ApiKey,
    AuditEvent,
    Base,
    RefreshToken,
    Revocation,
    Session,
    SigningKey,
    User,
    Verification,
)

NOBODYS = {SigningKey.__tablename__: "the service's own key pairs"}


async def find(db: Statements, who: str) -> str | None:
    """Return the id of the user with an address or id; None where there is none."""
    found: str | None = await db.scalar(
        select(User.id).where(or_(User.id == who, User.email == who.lower()))
    )
    return found


async def address_of(db: Statements, user_id: str) -> str | None:
    """Return a user's address; None where there is no such user any more."""
    found: str | None = await db.scalar(select(User.email).where(User.id == user_id))
    return found


def rows_of(user_id: str, email: str | None) -> dict[Table, ColumnElement[bool]]:
    """Return, for each table that speaks of people, which rows speak of this one.

    Args:
        user_id: Also of somebody who has been deleted.
        email: The address; None where it is not known any more.
    """
    own = select(Session.id).where(Session.user_id == user_id)
    keys = select(ApiKey.id).where(ApiKey.reference_id == user_id)
    ended = or_(Revocation.value == user_id, Revocation.value.in_(own), Revocation.value.in_(keys))
    conditions = {
        User: User.id == user_id,
        Session: Session.user_id == user_id,
        Account: Account.user_id == user_id,
        ApiKey: ApiKey.reference_id == user_id,
        RefreshToken: RefreshToken.session_id.in_(own),
        Verification: _values_of(user_id, email),
        Revocation: ended,
        AuditEvent: or_(AuditEvent.actor_id == user_id, AuditEvent.user_id == user_id),
    }
    tables = Base.metadata.tables
    return {tables[kind.__tablename__]: condition for kind, condition in conditions.items()}


def _values_of(user_id: str, email: str | None) -> ColumnElement[bool]:
    """Find values that work once: the id or address is the value, a member of it, or the name."""
    about = [Verification.value.contains(user_id, autoescape=True)]
    if email is not None:
        name, value = func.lower(Verification.identifier), func.lower(Verification.value)
        ending = (name.endswith(f"{mark}{email}", autoescape=True) for mark in "-:")
        about += [
            name == email,
            value == email,
            value.contains(f'"{email}"', autoescape=True),
            *ending,
        ]
    return or_(*about)
