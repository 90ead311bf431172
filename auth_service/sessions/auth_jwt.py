"""The token of Better Auth's jwt plugin: who is signed in, for anybody to check, for 15 minutes.

Its claims are the user as get-session tells them, which is Better Auth's choice, and `sid` and
`jti`, which are ours: by these the token can be revoked. Checked by the keys of GET /jwks.
"""

from datetime import datetime, timedelta

from auth_service.claim_texts import claim_text
from auth_service.identifiers import new_identifier
from auth_service.jwks.keyring import Keyring
from auth_service.sessions.cookies import Header
from auth_service.sessions.lifecycle import StoredSession
from auth_service.sessions.schemas import tell_user

LIFETIME = timedelta(minutes=15)

AUTH_JWT_HEADER = "set-auth-jwt"


async def mint_auth_jwt(
    session: StoredSession,
    keyring: Keyring,
    *,
    origin: str,
    now: datetime,
    lifetime: timedelta = LIFETIME,
) -> str:
    """Return a token for a session.

    Args:
        session: Whose user it names.
        keyring: Signs it.
        origin: Of this service: issuer and audience.
        now: Moment of issue.
        lifetime: How long it counts; parts of a second do not.

    Raises:
        DatabaseUnavailable: No key is at hand, and the database does not answer.
    """
    signer = await keyring.signer(now)
    issued_at = int(now.timestamp())
    profile = session.user
    user = {
        **tell_user(profile),
        "name": claim_text(profile.name),
        # A part of an address leads nowhere.
        "image": profile.image if claim_text(profile.image) == profile.image else None,
        "softwareBackground": claim_text(profile.software_background),
        "hardwareBackground": claim_text(profile.hardware_background),
        "interestArea": claim_text(profile.interest_area),
        # As with Better Auth's admin plugin; who has no role has no such claim, as without it.
        **({"role": profile.role} if profile.role else {}),
    }
    return signer.sign(
        {
            "iat": issued_at,
            **user,
            "sub": profile.id,
            "sid": session.id,
            "jti": new_identifier(),
            "exp": issued_at + int(lifetime.total_seconds()),
            "iss": origin,
            "aud": origin,
        }
    )


def with_auth_jwt(headers: tuple[Header, ...], token: str) -> tuple[Header, ...]:
    """Return a reply's headers with a token among them, named to scripts with those there are."""
    exposed = "access-control-expose-headers"
    names = [value for name, value in headers if name == exposed]
    return (
        *(header for header in headers if header[0] != exposed),
        (AUTH_JWT_HEADER, token),
        (exposed, ", ".join((*names, AUTH_JWT_HEADER))),
    )
