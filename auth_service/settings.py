"""Every setting of auth-service: name, type, unit, default and reason."""

import os
from email.utils import parseaddr
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from auth_service.api_key_settings import ApiKeySettings
from auth_service.encryption import EncryptionSecrets
from auth_service.jwks_settings import JwksSettings
from auth_service.limit_settings import LimitSettings
from auth_service.mail_settings import MailSettings
from auth_service.oauth_settings import OAuthSettings
from auth_service.password_rules import PasswordHash
from auth_service.retention_settings import RetentionSettings
from auth_service.token_settings import LifetimeSettings
from service_kit.exposure_settings import ExposureSettings
from service_kit.metrics.settings import metrics_port_field
from service_kit.serving_settings import ServingSettings
from service_kit.settings import (
    Origins,
    Port,
    Secret,
    Secrets,
    ServiceSettings,
    TokenSettings,
    is_web_address,
    newest_first,
    required_unless,
)
from service_kit.telemetry_settings import TelemetrySettings

BASE_PATH = "/api/auth"
"""Where Better Auth's paths begin."""


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


class Settings(
    TokenSettings,
    LifetimeSettings,
    LimitSettings,
    MailSettings,
    JwksSettings,
    OAuthSettings,
    ApiKeySettings,
    ServingSettings,
    RetentionSettings,
    DatabaseSettings,
    ExposureSettings,
    TelemetrySettings,
):
    """The settings of the service."""

    better_auth_secrets: Secrets = Field(
        default=(),
        description=(
            "To change BETTER_AUTH_SECRET: version:secret, comma separated. The first signs, all "
            "count; set, it replaces BETTER_AUTH_SECRET."
        ),
        validation_alias="BETTER_AUTH_SECRETS",
    )
    better_auth_secret: Secret | None = Field(
        default=None,
        validate_default=True,
        description="Signs session cookies; the one a Better Auth server used before keeps them.",
        validation_alias="BETTER_AUTH_SECRET",
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
    metrics_port: Port | None = metrics_port_field("AUTH_METRICS_PORT")
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Worker processes; each counts requests by itself, unless in a Redis.",
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
    cookie_cache: bool = Field(
        default=False,
        description=(
            "Whether get-session is answered from a signed copy in a cookie: on or off. "
            "On saves a query, and an ended session is seen for up to 5 minutes."
        ),
        validation_alias="COOKIE_CACHE",
    )
    better_auth_trusted_origins: Origins = Field(
        default=(),
        description="Added to TRUSTED_ORIGINS; the name a Better Auth server reads.",
        validation_alias="BETTER_AUTH_TRUSTED_ORIGINS",
    )
    password_hash: PasswordHash = Field(
        default="argon2id",
        description=(
            "How passwords are hashed: argon2id, or better-auth (scrypt) where a Node server "
            "shares the database. Others are replaced at the next sign-in."
        ),
        validation_alias="PASSWORD_HASH",
    )
    argon2_memory_kib: int = Field(
        default=19456,
        ge=8192,
        le=1048576,
        description="Memory of an Argon2id hash in KiB.",
        validation_alias="ARGON2_MEMORY_KIB",
    )
    argon2_passes: int = Field(
        default=2,
        ge=1,
        le=100,
        description="Passes of an Argon2id hash over its memory.",
        validation_alias="ARGON2_PASSES",
    )
    argon2_lanes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Lanes of an Argon2id hash.",
        validation_alias="ARGON2_LANES",
    )
    common_passwords: Literal["refuse", "allow"] = Field(
        default="refuse",
        description="Whether new passwords may be common, or the site's words: refuse or allow.",
        validation_alias="COMMON_PASSWORDS",
    )
    password_workers: int = Field(
        default_factory=_spare_cores,
        ge=1,
        description="Threads that hash passwords, 19 to 32 MiB each. Unset: the cores but one.",
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
        default=8,
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

    @field_validator("better_auth_secret")
    @classmethod
    def _better_auth_secret_is_set(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        return required_unless(info.data.get("better_auth_secrets", True), value)

    @model_validator(mode="after")
    def _mails_can_leave(self) -> Self:
        if self.delete_user == "mail" and self.mailing == "off":
            raise ValueError("DELETE_USER=mail needs a MAIL_URL to send that mail by")
        return self

    @model_validator(mode="after")
    def _secrets_differ(self) -> Self:
        if set(self.signing_secrets) & set(self.token_secrets):
            raise ValueError(
                "JWT_SECRET is the same as BETTER_AUTH_SECRET: "
                "api-service holds the former and could sign cookies; give each its own"
            )
        return self

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """The secrets of cookies and mailed tokens, newest first: that one signs, each counts."""
        return newest_first(self.better_auth_secrets, self.better_auth_secret)

    @property
    def encryption_secrets(self) -> EncryptionSecrets:
        """The secrets of what is stored encrypted, by version, newest first; None: without one."""
        listed: dict[int | None, str] = {
            version: secret.get_secret_value() for version, secret in self.better_auth_secrets
        }
        alone = self.better_auth_secret
        return listed | ({None: alone.get_secret_value()} if alone else {})

    @property
    def base_url(self) -> str:
        """The address readers reach the service under, without a slash at its end."""
        return self.better_auth_url or f"http://localhost:{self.port}"

    @property
    def auth_url(self) -> str:
        """Where Better Auth's paths begin, as mailed links name it."""
        return f"{self.base_url}{BASE_PATH}"

    @property
    def mailing(self) -> str:
        """MAIL_URL, or what stands for it.

        Printed links would be in the logs of whoever runs a public site, so without a word of
        its owner such a site sends none.
        """
        if self.mail_url is not None:
            return self.mail_url.get_secret_value()
        return "off" if self.secure_cookies else "console:"

    @property
    def mail_sender(self) -> str:
        """The From header of mails."""
        return self.mail_from or f"no-reply@{urlsplit(self.base_url).hostname}"

    @property
    def mail_site(self) -> str:
        """The name the site goes by in mails."""
        return parseaddr(self.mail_from)[0] or urlsplit(self.base_url).netloc

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are Secure and named `__Secure-…`."""
        return self.base_url.startswith("https://")

    @property
    def is_public(self) -> bool:
        """Whether readers reach the service from beyond this machine."""
        host = urlsplit(self.base_url).hostname or ""
        return host not in {"localhost", "127.0.0.1", "::1"} and not host.endswith(".localhost")

    @property
    def origin(self) -> str:
        """The service's own origin; issuer and audience of the tokens of GET /token."""
        own = urlsplit(self.base_url)
        return f"{own.scheme}://{own.netloc}"

    @property
    def all_trusted_origins(self) -> tuple[str, ...]:
        """The service's own origin and those of both variables."""
        return (
            self.origin,
            *self.trusted_origins,
            *self.better_auth_trusted_origins,
        )
