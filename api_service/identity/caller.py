"""The person a request speaks for."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """The person a valid token speaks for.

    Attributes:
        user_id: The user's id in auth_service.
        session_id: The session the token was drawn from; "" if it does not say.
        email: The user's address; "" if the token does not say, as for all below.
        name: What the user is called.
        software_background: The user's own words about software.
        hardware_background: The user's own words about hardware.
        interest_area: What the user wants to learn.
        issued_at: When the token was issued, UTC; a revocation may end those issued before it.
        expires_at: When the token stops to count, UTC.
        role: The user's, `user`, `instructor` or `admin`; several are joined by commas.
    """

    user_id: str
    session_id: str
    email: str
    name: str
    software_background: str
    hardware_background: str
    interest_area: str
    issued_at: datetime
    expires_at: datetime
    role: str = "user"
