"""The story of an answer: sources are found, the prompt is filled, a model answers, it is checked.

An answer is a stream of events; a reply in one piece collects the same events.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

import structlog

from api_service.chat.citations import Citations
from api_service.chat.prompt import PromptFile, fill
from api_service.documents import ScoredChunk
from api_service.llms import NOTHING_FOUND, Mode
from api_service.problems import DeadlineExceeded
from api_service.resources import Resources
from api_service.retrieval.retriever import retrieve
from api_service.retrieval.surroundings import with_surroundings
from api_service.vector_index import Found, Retrieval

log = structlog.get_logger(__name__)

T = TypeVar("T")

SOURCES = 8
"""Most sources an answer is written from."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The next words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete.

    Attributes:
        sources: Those the answer cites, by the number it cites them with, in that order.
        mode: How the answer came about.
        retrieval: How the sources were found.
        reranked: Whether a reranker has put them in their order.
    """

    sources: tuple[tuple[int, ScoredChunk], ...]
    mode: Mode
    retrieval: Retrieval
    reranked: bool


Event = Piece | Finished


async def answer(
    question: str, *, resources: Resources, prompt_file: PromptFile
) -> AsyncGenerator[Event]:
    """Yield the pieces of the answer to a question, then Finished.

    Raises:
        DeadlineExceeded: It was not complete in time.
        BookMissing: There is no book to answer from.
        IndexUnavailable: The index does not answer.
        ModelUnavailable: The language model does not answer.
    """
    started = time.monotonic()
    deadline = asyncio.get_running_loop().time() + resources.settings.answer_deadline_seconds
    found = await _before(deadline, _sources(question, resources))
    prompt = fill(prompt_file, question, found.chunks)
    model = resources.model
    citations = Citations(known=len(prompt.sources))
    if prompt.sources:
        async with aclosing(model.stream(prompt)) as pieces:
            async for piece in citations.check(_each_before(deadline, pieces)):
                yield Piece(piece)
    else:
        yield Piece(NOTHING_FOUND)
    log.info(
        "answered",
        model=model.name,
        mode=model.mode,
        retrieval=found.retrieval,
        reranked=found.reranked,
        prompt=prompt_file.fingerprint,
        sources=len(prompt.sources),
        cited=len(citations.cited),
        duration_ms=round((time.monotonic() - started) * 1000),
    )
    yield Finished(
        sources=tuple((n, prompt.sources[n - 1]) for n in sorted(citations.cited)),
        mode=model.mode,
        retrieval=found.retrieval,
        reranked=found.reranked,
    )


async def _sources(question: str, resources: Resources) -> Found:
    found = await retrieve(question, resources.retriever, limit=SOURCES)
    return await with_surroundings(found, resources.index, resources.settings.context_tokens)


async def _each_before(deadline: float, pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    # The clock runs only while we wait, never across a yield: there it would interrupt the reader.
    while (piece := await _before(deadline, anext(pieces, None))) is not None:
        yield piece


async def _before(deadline: float, awaited: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout_at(deadline):
            return await awaited
    except TimeoutError as error:
        raise DeadlineExceeded("The answer was not ready in time.") from error
