"""The settings of tokens that expire: how long each kind lives."""

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from service_kit.settings import ServiceSettings

_SPAN = re.compile(r"(\d{1,7})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError("is not a span such as 900s, 15m, 12h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _read_span(value: object) -> object:
    return _span(value) if isinstance(value, str) else value


Span = Annotated[timedelta, BeforeValidator(_read_span)]
"""A whole number and its unit: s, m, h or d."""


def _between(shortest: str, longest: str) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if value < _span(shortest):
            raise ValueError(f"is shorter than {shortest}")
        if value > _span(longest):
            raise ValueError(f"is longer than {longest}")
        return value

    return AfterValidator(check)


class LifetimeSettings(ServiceSettings):
    """How long tokens live."""

    jwt_expires_in: Annotated[Span, _between("1m", "30d")] = Field(
        default="7d",
        validate_default=True,
        description="How long an access token lives, such as 15m, 12h or 7d; 1m to 30d.",
        validation_alias="JWT_EXPIRES_IN",
    )
    refresh_token_expires_in: Annotated[Span, _between("1m", "365d")] = Field(
        default="30d",
        validate_default=True,
        description=(
            "How long refresh tokens follow one another before a reader signs in again, 1m to 365d."
        ),
        validation_alias="REFRESH_TOKEN_EXPIRES_IN",
    )
    # A session that is not used for longer has ended by itself.
    refresh_token_idle: Annotated[Span, _between("1m", "7d")] = Field(
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
