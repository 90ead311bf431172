"""Answers to be told: their events, and readers of the protocols they are told in."""

import json
import re
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any

from api_service.chat.events import Citation, Delta, Done, Event, Meta, Sources, Timings
from api_service.chat.voices import Voice
from api_service.documents import ScoredChunk
from api_service.llms import Usage
from tests.api_service.book import BOOK, scored

MODEL = "openai:gpt-4o-mini"
CONSIDERED = scored(*BOOK)

_LINE_END = re.compile(rb"\r\n|\n|\r")


def told(
    *pieces: str,
    cited: Sequence[int] = (),
    citations: Sequence[Citation] = (),
    usage: Usage | None = None,
    considered: tuple[ScoredChunk, ...] = CONSIDERED,
) -> list[Event]:
    """Return the events of an answer."""
    done = Done(
        sources=tuple((n, considered[n - 1]) for n in cited),
        considered=considered,
        refused=False,
        model=MODEL,
        mode="generated",
        retrieval="hybrid",
        reranked=False,
        timings=Timings(12.34, 56.78, 90.12),
        usage=usage,
        citations=tuple(citations),
    )
    return [
        Meta(MODEL, "generated"),
        Sources(considered, "hybrid", reranked=False),
        *(Delta(piece) for piece in pieces),
        *citations,
        done,
    ]


async def coming(events: Iterable[Event]) -> AsyncGenerator[Event]:
    for event in events:
        yield event


def said(voice: Voice, events: Iterable[Event]) -> bytes:
    """Return all that a voice says of an answer."""
    return b"".join(voice.say(event) for event in events)


def received(stream: bytes) -> list[tuple[str, str]]:
    """Return the events of a stream, name and data, as a browser reads them.

    Source: WHATWG HTML, section 9.2.6.
    """
    found: list[tuple[str, str]] = []
    name = ""
    data: list[str] = []
    for line in _LINE_END.split(stream):
        field, _, value = line.decode().partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                found.append((name or "message", "\n".join(data)))
            name, data = "", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
    assert not data, "the stream ends within an event"
    return found


def values(stream: bytes, *, end: str = "[DONE]") -> list[dict[str, Any]]:
    """Return the data of a stream's events, which end with a word that is no JSON."""
    *events, (_, last) = received(stream)
    assert last == end
    return [json.loads(data) for _, data in events]
