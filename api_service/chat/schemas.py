"""The wire of `/v1/chat`."""

from pydantic import BaseModel, ConfigDict, Field

from api_service.chat.events import Done
from api_service.documents import ScoredChunk
from api_service.llms import Mode
from api_service.prose import excerpt
from api_service.vector_index import Retrieval
from api_service.wire import Message

SNIPPET_LENGTH = 240
"""Longest snippet of a source, in characters."""


class Question(BaseModel):
    """What the reader asks; other members are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")

    message: Message


class Source(BaseModel):
    """A passage the answer cites; the link to it is url#anchor, or url where anchor is ""."""

    n: int = Field(description="The number it is cited with: [n].")
    title: str
    heading_path: tuple[str, ...]
    url: str
    anchor: str
    snippet: str
    score: float


class Reply(BaseModel):
    """The answer, with the sources it cites."""

    response: str
    sources: list[Source]
    processing_time_ms: int
    mode: Mode
    retrieval: Retrieval
    reranked: bool = Field(description="Whether a reranker has put the sources in their order.")


def source(n: int, scored: ScoredChunk) -> Source:
    """Return the wire form of a source cited as [n]."""
    chunk = scored.chunk
    return Source(
        n=n,
        title=chunk.title,
        heading_path=chunk.heading_path,
        url=chunk.url,
        anchor=chunk.anchor,
        snippet=excerpt(chunk.text, SNIPPET_LENGTH),
        score=scored.score,
    )


def reply(text: str, done: Done) -> Reply:
    """Return the wire form of a whole answer."""
    return Reply(
        response=text,
        sources=[source(n, scored) for n, scored in done.sources],
        processing_time_ms=round(done.timings.total),
        mode=done.mode,
        retrieval=done.retrieval,
        reranked=done.reranked,
    )
