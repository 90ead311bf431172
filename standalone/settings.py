"""What `make run` itself reads; the services it starts read their settings from the same places."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from service_kit.settings import Port, Secret, Secrets, ServiceSettings
from service_kit.spans import ShortSpan, between


class Settings(ServiceSettings):
    """The parts a user may replace, and where the embedded ones are kept."""

    data_dir: Path = Field(
        default=Path(".data"),
        description="Folder of everything embedded: accounts, index and secrets.",
        validation_alias="DATA_DIR",
    )
    auth_host: str = Field(default="127.0.0.1", validation_alias="AUTH_SERVER_HOST")
    auth_port: Port = Field(default=3001, validation_alias="AUTH_SERVER_PORT")
    api_host: str = Field(default="127.0.0.1", validation_alias="API_SERVER_HOST")
    api_port: Port = Field(default=8000, validation_alias="API_SERVER_PORT")
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    better_auth_secret: Secret | None = Field(default=None, validation_alias="BETTER_AUTH_SECRET")
    better_auth_secrets: Secrets = Field(default=(), validation_alias="BETTER_AUTH_SECRETS")
    jwt_secret: Secret | None = Field(default=None, validation_alias="JWT_SECRET")
    jwt_secrets: Secrets = Field(default=(), validation_alias="JWT_SECRETS")
    qdrant_url: str | None = Field(default=None, validation_alias="QDRANT_URL")
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    mail_url: SecretStr | None = Field(default=None, validation_alias="MAIL_URL")
    openapi: bool = Field(default=True, validation_alias="OPENAPI")
    shutdown_grace: Annotated[ShortSpan, between("0s", "1h")] = Field(
        default="20s", validate_default=True, validation_alias="SHUTDOWN_GRACE"
    )

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        if self.auth_port == self.api_port:
            raise ValueError(
                f"AUTH_SERVER_PORT and API_SERVER_PORT are both {self.auth_port}; "
                "give each service its own"
            )
        return self

    @property
    def secrets_given(self) -> dict[str, str]:
        """The secrets that are set, as their variables have them."""
        single = {"BETTER_AUTH_SECRET": self.better_auth_secret, "JWT_SECRET": self.jwt_secret}
        lists = {"BETTER_AUTH_SECRETS": self.better_auth_secrets, "JWT_SECRETS": self.jwt_secrets}
        return {
            **{name: one.get_secret_value() for name, one in single.items() if one is not None},
            **{
                name: ",".join(f"{version}:{one.get_secret_value()}" for version, one in each)
                for name, each in lists.items()
                if each
            },
        }

    @property
    def auth_address(self) -> str:
        """Where this machine reaches auth-service."""
        return _address(self.auth_host, self.auth_port)

    @property
    def api_address(self) -> str:
        """Where this machine reaches api-service."""
        return _address(self.api_host, self.api_port)


def _address(host: str, port: int) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 -- compared, not listened on
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
