"""The settings of limits: how often callers may ask, who they are, and where they are counted."""

from typing import Literal

from pydantic import Field, SecretStr

from service_kit.rate_limit import MEMORY, Rate, StorageUri
from service_kit.settings import ServiceSettings


class LimitSettings(ServiceSettings):
    """How often callers may ask."""

    rate_limit: Literal["on", "off", "better-auth"] = Field(
        default="on",
        description="Whether callers are limited: on, off, or better-auth for that server's rules.",
        validation_alias="RATE_LIMIT",
    )
    rate_limit_storage_uri: StorageUri = Field(
        default=SecretStr(MEMORY),
        description=(
            "Where requests are counted: in this process, or in the Redis at redis://host:6379/0 "
            "for all workers together."
        ),
        validation_alias="RATE_LIMIT_STORAGE_URI",
    )
    client_ip_header: str = Field(
        default="X-Forwarded-For",
        pattern="^[A-Za-z0-9-]+$",
        description=(
            "Header in which TRUSTED_PROXIES name the caller's address, such as X-Real-IP or "
            "Fly-Client-IP."
        ),
        validation_alias="CLIENT_IP_HEADER",
    )
    credential_rate_limit: Rate = Field(
        default="10/minute",
        description=(
            "Requests of one network to each family of routes that take a password or send mail: "
            "sign-in, sign-up, reset-password and so on."
        ),
        validation_alias="CREDENTIAL_RATE_LIMIT",
    )
    auth_rate_limit: Rate = Field(
        default="100/10 seconds",
        description="Requests of one network to all other routes of auth-service together.",
        validation_alias="AUTH_RATE_LIMIT",
    )
    password_tries_limit: Rate = Field(
        default="5/minute;30/hour",
        description="Passwords one network may try at one account; a right one starts anew.",
        validation_alias="PASSWORD_TRIES_LIMIT",
    )
    wrong_password_limit: Rate = Field(
        default="100/hour",
        description=(
            "Wrong passwords at one account from everywhere; beyond it, only networks the "
            "account is signed in from get in."
        ),
        validation_alias="WRONG_PASSWORD_LIMIT",
    )
