"""What is asked, and by whom."""

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from benchmarks.chat.client import connect, get, post
from benchmarks.chat.servers import token
from benchmarks.servers import Server

QUESTIONS = (
    "What does an IMU measure?",
    "What is an IMU?",
    "Which rate does an IMU measure?",
    "How many axes has an IMU?",
    "What do the readings of an IMU measure?",
    "Is specific force what an IMU measures?",
)
"""All of them are answered by the same entry of the example book's glossary, which says what the
vendor says: a citation in other words than its source's would be embedded, too."""

STREAM = "/v1/chat/stream"
WHOLE = "/v1/chat"


def requests(path: str, readers: int) -> Iterator[bytes]:
    """Yield requests without end, of so many readers by turns."""
    tokens = [token(f"reader-{number}") for number in range(readers)]
    for question, reader in zip(cycle(QUESTIONS), cycle(tokens), strict=False):
        yield post(path, {"message": question}, reader)


async def asked(vendor: Server) -> dict[str, Any]:
    """Return the body of the last request for an answer that the vendor has had."""
    body: dict[str, Any] = json.loads(await _told(vendor, "/asked"))
    return body


async def abandoned(vendor: Server) -> list[float]:
    """Return when streams of the vendor were left, by the clock of `time.monotonic`."""
    times: list[float] = json.loads(await _told(vendor, "/abandoned"))
    return times


async def _told(vendor: Server, path: str) -> bytes:
    connection = await connect(vendor.url)
    reply = await connection.ask(get(path))
    connection.close()
    return bytes(reply.body)
