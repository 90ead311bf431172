"""The settings of tokens that expire: how long each kind lives."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from service_kit.settings import ServiceSettings
from service_kit.spans import Span, between


class LifetimeSettings(ServiceSettings):
    """How long tokens live."""

    jwt_expires_in: Annotated[Span, between("1m", "30d")] = Field(
        default="7d",
        validate_default=True,
        description="How long an access token lives, such as 15m, 12h or 7d; 1m to 30d.",
        validation_alias="JWT_EXPIRES_IN",
    )
    refresh_token_expires_in: Annotated[Span, between("1m", "365d")] = Field(
        default="30d",
        validate_default=True,
        description=(
            "How long refresh tokens follow one another before a reader signs in again, 1m to 365d."
        ),
        validation_alias="REFRESH_TOKEN_EXPIRES_IN",
    )
    # A session that is not used for longer has ended by itself.
    refresh_token_idle: Annotated[Span, between("1m", "7d")] = Field(
        default="7d",
        validate_default=True,
        description="How long a refresh token lives unused; 1m to 7d, which is a session's end.",
        validation_alias="REFRESH_TOKEN_IDLE",
    )

    @model_validator(mode="after")
    def _idle_is_within_the_whole(self) -> Self:
        if self.refresh_token_idle > self.refresh_token_expires_in:
            raise ValueError("REFRESH_TOKEN_IDLE is longer than REFRESH_TOKEN_EXPIRES_IN")
        return self
