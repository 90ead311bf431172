"""A collector on loopback that reads what OpenTelemetry's exporter sends: OTLP over HTTP."""

import gzip
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A span as it arrived: its names in hexadecimal, its times in nanoseconds."""

    service: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, object]
    failed: bool
    began: int
    ended: int


@dataclass(slots=True)
class Collector:
    """What arrived, and how the next batch is answered."""

    address: str = ""
    status: int = 200
    spans: list[Recorded] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def named(self, name: str, service: str | None = None) -> list[Recorded]:
        return [
            each for each in self.spans if each.name == name and service in (None, each.service)
        ]

    def wait_for(self, *names: str) -> None:
        """Return once there is a span of each name."""
        give_up_at = time.monotonic() + SECONDS
        while not all(self.named(name) for name in names):
            assert time.monotonic() < give_up_at, [span.name for span in self.spans]
            time.sleep(0.02)

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for of_one in request.resource_spans:
            service = str(_read(of_one.resource.attributes)["service.name"])
            for scope in of_one.scope_spans:
                self.spans += [_recorded(service, span) for span in scope.spans]


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers["content-encoding"] == "gzip":
                body = gzip.decompress(body)
            collector.headers.append(
                {"path": self.path} | {k.lower(): v for k, v in self.headers.items()}
            )
            if collector.status == 200:
                collector.bodies.append(body)
                collector.take(body)
            reply = ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_arguments: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        collector.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def _recorded(service: str, span: Span) -> Recorded:
    return Recorded(
        service=service,
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_read(span.attributes),
        failed=span.status.code == Status.StatusCode.STATUS_CODE_ERROR,
        began=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
    )


_READERS: dict[str, Callable[[KeyValue], object]] = {
    "string_value": lambda member: member.value.string_value,
    "int_value": lambda member: member.value.int_value,
    "double_value": lambda member: member.value.double_value,
    "bool_value": lambda member: member.value.bool_value,
}


def _read(members: Sequence[KeyValue]) -> dict[str, object]:
    found = {}
    for member in members:
        kind = member.value.WhichOneof("value")
        found[member.key] = _READERS[kind](member) if kind in _READERS else member.value
    return found
