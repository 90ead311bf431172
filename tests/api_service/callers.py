"""Whom a request speaks for, where a test asks for no token."""

from datetime import UTC, datetime

from api_service.identity.caller import Caller


def make_caller(
    user: str = "ada",
    *,
    session: str = "session",
    key: str = "",
    issued_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Caller:
    """Return a reader of whom nothing else is known.

    Args:
        user: Their id.
        session: The one their token was drawn from; with a key, the key is named in its place.
        key: The API key they have shown.
        issued_at: When the token was issued; None: now.
        expires_at: When it ends.
    """
    return Caller(
        user_id=user,
        session_id=key or session,
        email="",
        name="",
        software_background="",
        hardware_background="",
        interest_area="",
        issued_at=issued_at or datetime.now(UTC),
        expires_at=expires_at,
        key_id=key,
    )
