"""What is asked, and by whom."""

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from benchmarks.chat.client import connect, get, post
from benchmarks.chat.servers import token
from benchmarks.servers import Server

QUESTIONS = (
    "What is an actuator?",
    "What does an IMU measure?",
    "What is proprioception?",
    "When is a robot underactuated?",
    "What does forward kinematics compute?",
    "What does impedance control do?",
    "What is the zero-moment point?",
    "What is domain randomisation?",
    "What is the sim-to-real gap?",
    "What is behaviour cloning?",
    "What is an action chunk?",
    "What is a protective stop?",
)
"""All of them are answered in the glossary of the example book."""

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
