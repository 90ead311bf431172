"""What the settings of both services have in common: their sources and how bad ones are refused.

Values come from the environment, from NAME_FILE (a path whose content is the value, as container
secrets are mounted), then from a `.env` file in the working directory.
"""

import os
import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from pydantic_settings.sources import EnvSettingsSource

from service_kit.client_ip import Network
from service_kit.logs import LogFormat

SECRET_LENGTH = 32

_WEB = {"http", "https"}
NOT_SET = "is not set; run `make env` to write a .env with random secrets"
"""What is said of a secret that is missing."""

_PYDANTICS_SUBJECT = re.compile(r"^(Value error, |(Input|String|Value) (?=should ))")
"""What stands in Pydantic's messages where the setting's name is to stand."""

_PLACEHOLDER = re.compile(
    r"change.?me|replace.?me|your[-_ ]|example|placeholder|^secret|<.*>", re.IGNORECASE
)


class BadSettings(Exception):
    """A setting is missing or wrong; the text names it and the cure, one per line."""


def _strong(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    cure = "run `make env`, or take the output of `openssl rand -hex 32`"
    if len(value) < SECRET_LENGTH:
        raise ValueError(f"is shorter than {SECRET_LENGTH} characters; {cure}")
    if _PLACEHOLDER.search(value) or len(set(value)) < SECRET_LENGTH // 4:
        raise ValueError(f"is a placeholder, not a secret; {cure}")
    return secret


def _comma_list(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def is_web_address(value: str) -> bool:
    """Tell whether a value is an http or https address that names a host."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for one out of range
    except ValueError:
        return False
    return parts.scheme in _WEB and bool(parts.hostname)


def _origin(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    is_apps = bool(scheme and separator) and scheme.lower() not in _WEB  # such as myapp://
    if is_apps or ("*" in value and not separator):
        return value
    if not is_web_address(value.replace("*", "1")) or set("/?#@") & set(rest.rstrip("/")):
        raise ValueError(f"{value!r} is not an origin such as https://book.example")
    return value.rstrip("/")


def _network(value: str) -> Network:
    try:
        return ip_network(value)
    except ValueError:
        raise ValueError(f"{value!r} is no address or network such as 10.0.0.0/8") from None


Secret = Annotated[SecretStr, AfterValidator(_strong)]
"""A secret of at least SECRET_LENGTH characters that is not a placeholder."""

_VERSIONED = re.compile(r"(\d+):(.*)", re.ASCII | re.DOTALL)


def _versioned(value: object) -> object:
    """Read Better Auth's list, such as `2:new,1:old`."""
    if not isinstance(value, str):
        return value
    by_version: dict[int, str] = {}
    for place, entry in enumerate(value.split(","), start=1):
        match = _VERSIONED.fullmatch(entry.strip())
        # The entry itself may be a secret, so it is not quoted.
        if match is None:
            raise ValueError(f"has no version: at place {place}; write 2:new,1:old, newest first")
        if int(match[1]) in by_version:
            raise ValueError(f"has version {int(match[1])} twice; give each secret its own")
        by_version[int(match[1])] = match[2].strip()
    return tuple(by_version.items())


Secrets = Annotated[tuple[tuple[int, Secret], ...], NoDecode, BeforeValidator(_versioned)]
"""Secrets by version as Better Auth lists them, `version:secret`, comma separated, newest first."""


def required_unless(listed: object, secret: SecretStr | None) -> SecretStr | None:
    """Return a secret that a list of secrets replaces.

    Raises:
        ValueError: Neither is set.
    """
    if secret is None and not listed:
        raise ValueError(NOT_SET)
    return secret


def newest_first(
    listed: tuple[tuple[int, SecretStr], ...], secret: SecretStr | None
) -> tuple[str, ...]:
    """Return the secrets that count: those of a list alone where there is one."""
    counted = tuple(each for _, each in listed) or ((secret,) if secret else ())
    return tuple(each.get_secret_value() for each in counted)


Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_comma_list)
]
"""Origins of frontends and apps, comma separated; a wildcard may stand for a part."""

Networks = Annotated[
    tuple[Annotated[Network, BeforeValidator(_network)], ...],
    NoDecode,
    BeforeValidator(_comma_list),
]
"""Addresses or CIDRs, comma separated."""

Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)]
"""Names, comma separated."""

Port = Annotated[int, Field(ge=1, le=65535)]


class ServiceSettings(BaseSettings):
    """Settings both services read; frozen, empty values count as unset."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    trusted_origins: Origins = Field(
        default=("http://localhost:3000",),
        description="Origins of the frontends that may call with cookies, comma separated.",
        validation_alias="TRUSTED_ORIGINS",
    )
    trusted_proxies: Networks = Field(
        default=(),
        description="Proxies whose word on a caller's address counts: CIDRs, comma separated.",
        validation_alias="TRUSTED_PROXIES",
    )
    log_format: LogFormat = Field(
        default="json",
        description="Log lines as json (for machines) or text (for a terminal).",
        validation_alias="LOG_FORMAT",
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Least level of the lines printed: DEBUG, INFO, WARNING or ERROR.",
        validation_alias="LOG_LEVEL",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put NAME_FILE between the environment and `.env`."""
        del file_secret_settings
        return init_settings, env_settings, _NamedFiles(settings_cls), dotenv_settings

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings of this process, `.env` of the working directory included.

        Raises:
            BadSettings: A value is missing or wrong.
        """
        try:
            return cls(_env_file=".env")
        except ValidationError as error:
            raise BadSettings("\n".join(_complaints(cls, error))) from None
        except SettingsError as error:  # what a source raised, wrapped
            raise BadSettings(str(error.__cause__ or error)) from None
        except UnicodeDecodeError:
            raise BadSettings(".env is no text in UTF-8") from None
        except OSError as error:
            raise BadSettings(f".env cannot be read: {error.strerror}") from None


class TokenSettings(ServiceSettings):
    """What both services know of access tokens."""

    jwt_secrets: Secrets = Field(
        default=(),
        description=(
            "To change JWT_SECRET: version:secret, comma separated. The first signs, all count; "
            "set, it replaces JWT_SECRET."
        ),
        validation_alias="JWT_SECRETS",
    )
    jwt_secret: Secret | None = Field(
        default=None,
        validate_default=True,
        description="Signs the access tokens; both services get the same one.",
        validation_alias="JWT_SECRET",
    )

    @field_validator("jwt_secret")
    @classmethod
    def _jwt_secret_is_set(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # A list that is wrong is not among the data, and complained about already.
        return required_unless(info.data.get("jwt_secrets", True), value)

    @property
    def token_secrets(self) -> tuple[str, ...]:
        """The secrets of access tokens, newest first: that one signs, each is accepted."""
        return newest_first(self.jwt_secrets, self.jwt_secret)


class _NamedFiles(EnvSettingsSource):
    """Reads NAME_FILE: the variable holds a path, the file the value."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        for name in _variable_names(field, field_name):
            path = os.environ.get(f"{name}_FILE")
            if path:
                try:
                    return Path(path).read_text(encoding="utf-8").strip(), name, False
                except (OSError, UnicodeDecodeError) as error:
                    reason = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
                    raise BadSettings(
                        f"{name}_FILE names a file that cannot be read: {reason}"
                    ) from error
        return None, field_name, False


def _variable_names(field: FieldInfo, field_name: str) -> list[str]:
    alias = field.validation_alias
    if alias is None:
        return [field_name.upper()]
    if isinstance(alias, str):
        return [alias]
    return [str(choice) for choice in getattr(alias, "choices", [])]


def _complaints(cls: type[BaseSettings], error: ValidationError) -> Iterator[str]:
    fields = {
        name: (names[0], field)
        for field_name, field in cls.model_fields.items()
        for names in [_variable_names(field, field_name)]
        for name in (*names, field_name)
    }
    for problem in error.errors(include_url=False, include_input=False):
        text = _PYDANTICS_SUBJECT.sub("", problem["msg"]).partition(", unable to ")[0]
        if not problem["loc"]:
            yield text
            continue
        variable, field = fields[str(problem["loc"][0])]
        if problem["type"] == "bool_parsing":
            yield f"{variable} should be on or off"
        elif problem["type"] == "string_pattern_mismatch":
            yield f"{variable} does not fit: {field.description}"
        elif problem["type"] != "missing":
            yield f"{variable} {text}"
        elif any(getattr(each, "func", None) is _strong for each in field.metadata):
            yield f"{variable} {NOT_SET}"
        else:
            yield f"{variable} is not set: {field.description}"
