import pytest
from pydantic import ValidationError

from service_kit.trace_settings import TraceSettings


def test_headers_are_read_as_opentelemetry_does() -> None:
    settings = TraceSettings(OTEL_EXPORTER_OTLP_HEADERS="api-key=a%20b=c, tenant = book,")

    assert settings.otlp_header_map == {"api-key": "a b=c", "tenant": "book"}
    assert "a%20b" not in repr(settings)
    assert TraceSettings().otlp_header_map == {}


@pytest.mark.parametrize("headers", ["secret-key", "=secret-key", "a=b,secret-key"])
def test_headers_that_are_none_are_refused_without_being_quoted(headers: str) -> None:
    with pytest.raises(ValidationError, match="is no list such as") as refusal:
        TraceSettings(OTEL_EXPORTER_OTLP_HEADERS=headers)

    assert "secret-key" not in refusal.value.errors(include_input=False)[0]["msg"]


@pytest.mark.parametrize("address", ["collector:4318", "grpc://collector:4317", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="is not an address such as"):
        TraceSettings(OTEL_EXPORTER_OTLP_ENDPOINT=address)
