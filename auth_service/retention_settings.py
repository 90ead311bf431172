"""How long what happened is kept."""

from pydantic import Field

from service_kit.settings import ServiceSettings


class RetentionSettings(ServiceSettings):
    """Spans after which rows go by themselves."""

    audit_days: int = Field(
        default=365,
        ge=0,
        le=36500,
        description="Days that security events are kept; 0 keeps them for ever.",
        validation_alias="AUDIT_DAYS",
    )
