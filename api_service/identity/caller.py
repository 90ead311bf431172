"""The person a request speaks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """The person a valid token, or an API key, speaks for.

    Attributes:
        user_id: The user's id in auth_service.
        session_id: The session the token was drawn from, or the API key; "" if it does not say.
        email: The user's address; "" if the token does not say, as for all below.
        name: What the user is called.
        software_background: The user's own words about software.
        hardware_background: The user's own words about hardware.
        interest_area: What the user wants to learn.
        issued_at: When the token was issued, UTC; a revocation may end those issued before it.
        expires_at: When token or key stops to count, UTC; None: a key without an end.
        role: The user's, `user`, `instructor` or `admin`; several are joined by commas.
        key_id: The API key that was presented; "" for a token.
        permissions: Actions by resource that a key is bound to; None: to none, as all tokens are.
    """

    user_id: str
    session_id: str
    email: str
    name: str
    software_background: str
    hardware_background: str
    interest_area: str
    issued_at: datetime
    expires_at: datetime | None
    role: str = "user"
    key_id: str = ""
    permissions: Mapping[str, Sequence[str]] | None = None

    def may(self, resource: str, action: str) -> bool:
        """Tell whether the caller may do something: all may, but keys with a list of less."""
        return self.permissions is None or action in self.permissions.get(resource, ())
