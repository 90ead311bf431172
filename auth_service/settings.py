"""Every setting of auth-service: name, type, unit, default and reason."""

import os
from typing import Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator

from service_kit.rate_limit import Rate
from service_kit.settings import Origins, Port, Secret, ServiceSettings, is_web_address


def _spare_cores() -> int:
    """Return the cores of this process but one, which the event loop needs; at least 1."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        cores = os.cpu_count() or 1
    return max(1, cores - 1)


class DatabaseSettings(ServiceSettings):
    """What the migrations need, and nothing else: they run where no secret is known."""

    database_url: SecretStr = Field(
        description="libpq URL of the PostgreSQL database, exactly as Neon hands it out.",
        validation_alias="DATABASE_URL",
    )


class Settings(DatabaseSettings):
    """The settings of the service."""

    better_auth_secret: Secret = Field(
        description="Signs session cookies; the one a Better Auth server used before keeps them.",
        validation_alias="BETTER_AUTH_SECRET",
    )
    jwt_secret: Secret = Field(
        description="Signs the tokens that api-service checks; both services get the same one.",
        validation_alias="JWT_SECRET",
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address auth-service listens on.",
        validation_alias="AUTH_SERVER_HOST",
    )
    port: Port = Field(
        default=3001,
        description="Port auth-service listens on; PORT is read where it is unset.",
        validation_alias=AliasChoices("AUTH_SERVER_PORT", "PORT"),
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Worker processes; each counts sign-ins by itself.",
        validation_alias="WEB_CONCURRENCY",
    )
    better_auth_url: str = Field(
        default="",
        description=(
            "Address readers reach auth-service under; https makes cookies Secure. "
            "Unset: http://localhost and the port."
        ),
        validation_alias="BETTER_AUTH_URL",
    )
    better_auth_trusted_origins: Origins = Field(
        default=(),
        description="Added to TRUSTED_ORIGINS; the name a Better Auth server reads.",
        validation_alias="BETTER_AUTH_TRUSTED_ORIGINS",
    )
    rate_limit: bool = Field(
        default=True,
        description="Whether sign-ins and sign-ups are counted: on or off.",
        validation_alias="RATE_LIMIT",
    )
    sign_in_rate_limit: Rate = Field(
        default="10/minute",
        description="Sign-ins, and as many sign-ups, that one address may try.",
        validation_alias="SIGN_IN_RATE_LIMIT",
    )
    password_workers: int = Field(
        default_factory=_spare_cores,
        ge=1,
        description="Threads that hash passwords, 19 MiB each. Unset: the cores but one.",
        validation_alias="PASSWORD_WORKERS",
    )
    password_queue: int = Field(
        default=100,
        ge=0,
        description="Passwords that may wait to be hashed; more are told to try again later.",
        validation_alias="PASSWORD_QUEUE",
    )
    database_pool_size: int = Field(
        default=10,
        ge=1,
        description="Database connections each process keeps open.",
        validation_alias="DATABASE_POOL_SIZE",
    )
    database_pool_overflow: int = Field(
        default=10,
        ge=0,
        description="Database connections each process opens beyond these for a burst.",
        validation_alias="DATABASE_POOL_OVERFLOW",
    )
    database_reader_size: int = Field(
        default=5,
        ge=1,
        description="Database connections, beside these, that look up sessions and nothing else.",
        validation_alias="DATABASE_READER_SIZE",
    )

    @field_validator("better_auth_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not is_web_address(value):
            raise ValueError("is not an address such as https://auth.book.example")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _secrets_differ(self) -> Self:
        if self.better_auth_secret == self.jwt_secret:
            raise ValueError(
                "JWT_SECRET is the same as BETTER_AUTH_SECRET: "
                "api-service holds the former and could sign cookies; give each its own"
            )
        return self

    @property
    def base_url(self) -> str:
        """The address readers reach the service under, without a slash at its end."""
        return self.better_auth_url or f"http://localhost:{self.port}"

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are Secure and named `__Secure-…`."""
        return self.base_url.startswith("https://")

    @property
    def all_trusted_origins(self) -> tuple[str, ...]:
        """The service's own origin and those of both variables."""
        own = urlsplit(self.base_url)
        return (
            f"{own.scheme}://{own.netloc}",
            *self.trusted_origins,
            *self.better_auth_trusted_origins,
        )
