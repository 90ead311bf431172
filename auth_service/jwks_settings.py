"""The settings of the tokens that anybody can check, by the keys of GET /jwks."""

from datetime import timedelta

from pydantic import Field

from service_kit.settings import ServiceSettings


class JwksSettings(ServiceSettings):
    """How these tokens are handed out, and how long a key signs them."""

    set_auth_jwt: bool = Field(
        default=False,
        description=(
            "Whether get-session hands out such a token with every reply, in the header "
            "set-auth-jwt: on or off."
        ),
        validation_alias="SET_AUTH_JWT",
    )
    jwks_rotation_days: int = Field(
        default=0,
        ge=0,
        le=3650,
        description="Days after which a new key signs; 0: never. Old ones stay listed for 30 days.",
        validation_alias="JWKS_ROTATION_DAYS",
    )

    @property
    def jwks_rotation(self) -> timedelta | None:
        """How long a key signs; None: for ever."""
        return timedelta(days=self.jwks_rotation_days) if self.jwks_rotation_days else None
