"""`python -m benchmarks.measuring`: what metrics cost a request, in microseconds of processor time.

An application that answers at once is called through the middleware and without it; the difference
is what every request pays. Several workers write to files: measured in a process of its own.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.metrics import measure
from service_kit.metrics.port import FOLDER
from service_kit.metrics.requests import METRICS, RequestMetricsMiddleware

REQUESTS = 50_000
ROUNDS = 7


async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Reply with nothing."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _receive() -> Message:
    return {"type": "http.request"}


async def _send(_message: Message) -> None:
    return


async def microseconds(app: ASGIApp) -> float:
    """Return the processor time of one request, of the quickest round."""
    route = Route("/api/auth/get-session", answer)
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(REQUESTS):
            await app({"type": "http", "method": "GET", "route": route}, _receive, _send)
        rounds.append(time.process_time() - began)
    return min(rounds) / REQUESTS * 1e6


def main() -> int:
    """Measure in this process, and in one that writes to files."""
    bare = asyncio.run(microseconds(answer))
    off = asyncio.run(microseconds(RequestMetricsMiddleware(answer)))
    measure(METRICS)
    on = asyncio.run(microseconds(RequestMetricsMiddleware(answer)))
    kind = "several workers" if FOLDER in os.environ else "one process"
    sys.stdout.write(f"{kind}: {on - bare:.1f} us a request (in place and off: {off - bare:.1f})\n")
    sys.stdout.flush()
    if FOLDER not in os.environ:
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, FOLDER: folder}
            again = [sys.executable, "-m", "benchmarks.measuring"]
            subprocess.run(again, env=environment, check=True)  # noqa: S603 -- our own module
    return 0


if __name__ == "__main__":
    sys.exit(main())
