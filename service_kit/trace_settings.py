"""Where spans are sent; the names are OpenTelemetry's own."""

import re
from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SecretStr

from service_kit.settings import ServiceSettings, is_web_address

# RFC 9110 section 5: a token, and a value that holds no end of a line.
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+ *=[\t -~]*")


def _web_address(value: str) -> str:
    if not is_web_address(value):
        raise ValueError("is not an address such as http://collector:4318")
    return value.rstrip("/")


def _headers(value: SecretStr) -> SecretStr:
    parts = [part for part in value.get_secret_value().split(",") if part.strip()]
    if not all(_HEADER.fullmatch(unquote(part.strip())) for part in parts):
        raise ValueError("is no list such as api-key=secret,tenant=book")
    return value


class TraceSettings(ServiceSettings):
    """Off until an address is set."""

    otlp_endpoint: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None,
        description=(
            "Where spans are sent by OTLP over HTTP, to /v1/traces below it, such as "
            "http://collector:4318. Unset, none are made."
        ),
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
    )
    otlp_headers: Annotated[SecretStr, AfterValidator(_headers)] | None = Field(
        default=None,
        description="Headers sent along, as name=value, comma separated; a vendor's key, say.",
        validation_alias="OTEL_EXPORTER_OTLP_HEADERS",
    )
    traces_sampled: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description=(
            "Part of the traces begun here that are recorded, 0 to 1; of others the caller decides."
        ),
        validation_alias="OTEL_TRACES_SAMPLER_ARG",
    )

    @property
    def otlp_header_map(self) -> dict[str, str]:
        """These headers by their names, values decoded as OpenTelemetry does."""
        said = "" if self.otlp_headers is None else self.otlp_headers.get_secret_value()
        parts = (part.partition("=") for part in said.split(","))
        return {name.strip(): unquote(value.strip()) for name, _, value in parts if name.strip()}
