"""The settings of API keys: how often a new one may be used."""

from pydantic import Field

from service_kit.settings import ServiceSettings


class ApiKeySettings(ServiceSettings):
    """What new keys are bound by; those that exist keep what they were made with."""

    api_key_rate_limit_max: int = Field(
        default=10,
        ge=0,
        le=2**31 - 1,
        description="Uses of a new API key in a window; 0: not limited, so api-service may cache.",
        validation_alias="API_KEY_RATE_LIMIT_MAX",
    )
    api_key_rate_limit_window: int = Field(
        default=86400,
        ge=1,
        le=2**31 // 1000,
        description="That window in seconds, counted from the last use.",
        validation_alias="API_KEY_RATE_LIMIT_WINDOW",
    )
