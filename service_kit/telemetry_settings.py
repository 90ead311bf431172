"""Where a service tells how it fares, beside its own log stream: LogDNA, Sentry, a collector."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from service_kit.settings import is_web_address
from service_kit.trace_settings import TraceSettings


def _web_address(value: str) -> str:
    if not is_web_address(value):
        raise ValueError("is not an address such as https://logs.mezmo.com/logs/ingest")
    return value


def _for_a_header(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise ValueError("holds what no key does: a space, the end of a line or an accent")
    return value


class TelemetrySettings(TraceSettings):
    """All off until set."""

    logdna_ingestion_key: Annotated[SecretStr, AfterValidator(_for_a_header)] | None = Field(
        default=None,
        description="Ingestion key of LogDNA (now Mezmo); set, log lines are sent there, too.",
        validation_alias="LOGDNA_INGESTION_KEY",
    )
    logdna_url: Annotated[str, AfterValidator(_web_address)] = Field(
        default="https://logs.mezmo.com/logs/ingest",
        description="Where log lines are sent; whatever takes LogDNA's ingestion protocol.",
        validation_alias="LOGDNA_URL",
    )
    sentry_dsn: SecretStr | None = Field(
        default=None,
        description="DSN of a Sentry project; set, what goes wrong is told there.",
        validation_alias="SENTRY_DSN",
    )
    sentry_environment: str = Field(
        default="production",
        description="Which of a site's environments this is, in Sentry.",
        validation_alias="SENTRY_ENVIRONMENT",
    )
    sentry_release: str | None = Field(
        default=None,
        description="The release that runs, in Sentry; unset, ai-book-backend@ and its version.",
        validation_alias="SENTRY_RELEASE",
    )
    sentry_sample_rate: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Part of what goes wrong that is told, 0.0 to 1.0.",
        validation_alias="SENTRY_SAMPLE_RATE",
    )
