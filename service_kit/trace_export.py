"""What records spans and sends them: OpenTelemetry's SDK, the extra `traces`.

Spans wait in a bounded queue (OTEL_BSP_MAX_QUEUE_SIZE, 2,048) for a thread that sends them every
five seconds; those beyond it are dropped, and a collector that is away costs a request nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING

import structlog
from opentelemetry.trace import Tracer

from service_kit.metrics.dropped import DROPPED
from service_kit.settings import BadSettings
from service_kit.trace_settings import TraceSettings
from service_kit.traces import being_named

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

log = structlog.get_logger(__name__)

SEND_SECONDS = 5
"""Longest wait for the collector, for each batch."""

LEFT_SECONDS = 2
"""The same for what is left when the service stops, of the ten seconds that closing may take."""


class Tracing:
    """Who records the spans of a service while it is open; nobody where traces are off.

    Args:
        service: The service's name in traces, unless OTEL_SERVICE_NAME gives another.
        settings: Where they are sent.

    Raises:
        BadSettings: They are on, but the extra is not installed.
    """

    def __init__(self, service: str, settings: TraceSettings) -> None:
        self._service = service
        self._settings = settings
        self._tracer: Tracer | None = None
        self._provider: TracerProvider | None = None
        self._exporter: SpanExporter | None = None
        if self.on and find_spec("opentelemetry.sdk") is None:
            raise BadSettings(
                "OTEL_EXPORTER_OTLP_ENDPOINT is set, which needs OpenTelemetry's SDK: "
                "install ai-book-backend[traces]"
            )

    @property
    def on(self) -> bool:
        """Whether spans are to be sent anywhere."""
        return self._settings.otlp_endpoint is not None

    def tracer(self) -> Tracer | None:
        """Return who records, or None while nobody does."""
        return self._tracer

    def open(self) -> None:
        """Record from now on, if traces are on.

        Raises:
            BadSettings: OpenTelemetry's SDK refuses one of its own settings.
        """
        if self.on:
            try:
                self._provider, self._exporter = _provider(self._service, self._settings)
            except ValueError as error:
                raise BadSettings(f"OTEL_BSP_* and the like: {error}") from error
            self._tracer = self._provider.get_tracer(self._service)

    async def close(self, seconds: float = LEFT_SECONDS) -> None:
        """Record no more, and send what is left, for so long at most."""
        self._tracer = None
        if self._provider is None or self._exporter is None:
            return
        sending = Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, seconds)
        if sending.is_alive():
            self._exporter.shutdown()  # no more is sent, nor tried again
        self._provider = self._exporter = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Record while the block runs; what is left is sent when it is left."""
        self.open()
        try:
            yield
        finally:
            await self.close()


def _provider(service: str, settings: TraceSettings) -> tuple["TracerProvider", "SpanExporter"]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    class Ids(RandomIdGenerator):
        """Names a request's span, and its trace, as its log lines and its reply do."""

        def generate_span_id(self) -> int:
            named = being_named()
            return int(named.span_id, 16) if named else super().generate_span_id()

        def generate_trace_id(self) -> int:
            named = being_named()
            return int(named.trace_id, 16) if named else super().generate_trace_id()

    class Telling(OTLPSpanExporter):
        """Sends spans, and says when they do not arrive: once, and not with every batch."""

        away = False

        def export(self, spans: "Sequence[ReadableSpan]") -> "SpanExportResult":
            result = super().export(spans)
            lost = result is not SpanExportResult.SUCCESS
            if lost:
                DROPPED.add("collector", by=len(spans))
            if lost is not self.away:
                self.away = lost
                if lost:
                    log.warning("collector_away")
                else:
                    log.warning("collector_here")
            return result

    said = OTELResourceDetector().detect()  # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}).merge(said),
        sampler=ParentBased(TraceIdRatioBased(settings.traces_sampled)),
        id_generator=Ids(),
        shutdown_on_exit=False,
    )
    exporter = Telling(
        endpoint=f"{settings.otlp_endpoint}/v1/traces",
        headers=settings.otlp_header_map,
        timeout=SEND_SECONDS,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider, exporter
