"""The settings of sign-in with other providers: Google, GitHub, and any that speaks OIDC."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource
from pydantic_settings.sources import DotEnvSettingsSource, EnvSettingsSource

from service_kit.settings import BadSettings, ServiceSettings, is_web_address

_VARIABLE = re.compile(r"oidc_([a-z0-9_]+?)_(issuer|client_id|client_secret)(_file)?", re.ASCII)
_TAKEN = frozenset({"credential", "github", "google"})


def is_private_or_tls(url: str) -> bool:
    """Tell whether what is sent to an address is read by nobody else: https, or this machine."""
    if not is_web_address(url):
        return False
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _base_url(value: str) -> str:
    if not is_private_or_tls(value) or urlsplit(value).query or urlsplit(value).fragment:
        raise ValueError("is no https address such as https://login.example (http: this machine's)")
    return value.rstrip("/")


def _issuer(value: str) -> str:
    _base_url(value)
    return value  # a slash at its end belongs to it: issuers are compared as text


BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""Where a provider is: https, or http on this machine."""


class OidcClient(BaseModel):
    """This site as an OpenID provider knows it.

    Attributes:
        issuer: The provider's name for itself; its configuration is found below it.
        client_id: The site's name there.
        client_secret: What the site shows to be it.
    """

    model_config = ConfigDict(frozen=True)

    issuer: Annotated[str, AfterValidator(_issuer)]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: Annotated[SecretStr, Field(min_length=1)]


class OAuthSettings(ServiceSettings):
    """What a site says about the providers its readers may sign in with."""

    google_client_id: str = Field(
        default="",
        description="The site's client id at Google; set, readers can sign in with Google.",
        validation_alias="GOOGLE_CLIENT_ID",
    )
    google_client_secret: SecretStr | None = Field(
        default=None,
        description="The site's client secret at Google.",
        validation_alias="GOOGLE_CLIENT_SECRET",
    )
    google_base_url: BaseUrl = Field(
        default="https://accounts.google.com",
        description="Google; another address stands for all of Google's and is its issuer.",
        validation_alias="GOOGLE_BASE_URL",
    )
    github_client_id: str = Field(
        default="",
        description="The site's client id at GitHub; set, readers can sign in with GitHub.",
        validation_alias="GITHUB_CLIENT_ID",
    )
    github_client_secret: SecretStr | None = Field(
        default=None,
        description="The site's client secret at GitHub.",
        validation_alias="GITHUB_CLIENT_SECRET",
    )
    github_base_url: BaseUrl = Field(
        default="https://github.com",
        description="GitHub, or a GitHub Enterprise Server.",
        validation_alias="GITHUB_BASE_URL",
    )
    oidc_clients: Annotated[Mapping[str, OidcClient], NoDecode] = Field(
        default={},
        description=(
            "An OpenID provider of any name, such as Keycloak, by three settings: its issuer, "
            "and the client's id and secret there."
        ),
        validation_alias="OIDC_<NAME>_ISSUER",
    )

    oauth_timeout_seconds: float = Field(
        default=10.0,
        gt=0,
        le=60,
        description="Most seconds a provider's answer may take.",
        validation_alias="OAUTH_TIMEOUT_SECONDS",
    )

    @model_validator(mode="after")
    def _secrets_are_set(self) -> Self:
        for name in ("google", "github"):
            if getattr(self, f"{name}_client_id") and not getattr(self, f"{name}_client_secret"):
                variable = f"{name.upper()}_CLIENT_SECRET"
                raise ValueError(f"{variable} is not set; {name.upper()}_CLIENT_ID needs it")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add the OpenID providers, whose variables are named by the site."""
        sources = super().settings_customise_sources(
            settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        )
        return (*sources, _OidcClients(settings_cls, env_settings, dotenv_settings))


class _OidcClients(PydanticBaseSettingsSource):
    """Gathers OIDC_<NAME>_ISSUER, _CLIENT_ID and _CLIENT_SECRET of each name."""

    def __init__(
        self, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource
    ) -> None:
        super().__init__(settings_cls)
        self.variables: dict[str, str | None] = {}
        for source in reversed(sources):
            if isinstance(source, EnvSettingsSource | DotEnvSettingsSource):
                self.variables |= source.env_vars

    def get_field_value(self, *_: object) -> tuple[object, str, bool]:
        """Say nothing of a single field; see __call__."""
        return None, "", False

    def __call__(self) -> dict[str, object]:
        clients: dict[str, dict[str, str]] = {}
        for variable, value in self.variables.items():
            match = _VARIABLE.fullmatch(variable.lower())
            if match and value:
                name, member, is_file = match.groups()
                found = _read(variable, value) if is_file else value
                clients.setdefault(name, {})[member] = found
        return {"OIDC_<NAME>_ISSUER": {name: _client(name, clients[name]) for name in clients}}


def _client(name: str, members: Mapping[str, str]) -> OidcClient:
    if name in _TAKEN:
        raise BadSettings(f"OIDC_{name.upper()}_ISSUER takes a name that stands for something else")
    for member in ("issuer", "client_id", "client_secret"):
        if not members.get(member):
            missing = f"OIDC_{name.upper()}_{member.upper()}"
            raise BadSettings(f"{missing} is not set; issuer, id and secret are all needed")
    if not is_private_or_tls(members["issuer"]):
        raise BadSettings(f"OIDC_{name.upper()}_ISSUER is no https address (http: this machine's)")
    return OidcClient.model_validate(dict(members))


def _read(variable: str, path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 -- a path from the environment
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{variable.upper()} names a file that cannot be read") from error
