"""Requests: how many, how they were answered, how long they took and how many are under way."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.logs import route_of
from service_kit.metrics import Counter, Gauge, Histogram, recorder

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

REQUESTS = Counter(
    "http_requests_total",
    "Requests answered, by method, route and status.",
    {"method": _METHODS, "route": (), "status": ()},
)
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from a request's head to the last byte of its reply, by method and route.",
    {"method": _METHODS, "route": ()},
)
IN_FLIGHT = Gauge("http_requests_in_flight", "Requests that are being answered.")

METRICS = (REQUESTS, DURATION, IN_FLIGHT)


class RequestMetricsMiddleware:
    """Counts and times each request under its route's template, never under its path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note what became of it."""
        recording = recorder()
        if scope["type"] != "http" or recording is None:
            await self.app(scope, receive, send)
            return
        status = 500

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        under_way = recording.child(IN_FLIGHT, ())
        under_way.inc()
        started = time.perf_counter()
        try:
            await self.app(scope, receive, send_watched)
        finally:
            seconds = time.perf_counter() - started
            under_way.dec()
            method, route = scope["method"], route_of(scope)
            recording.child(REQUESTS, (method, route, str(status))).inc()
            recording.child(DURATION, (method, route)).observe(seconds)
