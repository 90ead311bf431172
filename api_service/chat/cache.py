"""Answers that are given again, to the same question of a reader alike while the book is the same.

Two who ask the same at the same time hear one answer as it comes about; the tokens of whoever asked
first pay for it. Off unless ANSWER_CACHE is set. A question with a history is never shared: it
belongs to its conversation.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast

import structlog

from api_service.budget_problems import TokensUsedUp
from api_service.chat.events import Done, Event, Timings
from api_service.chat.profile import described
from api_service.chat.prompt import PromptFile
from api_service.chat.question import Question
from api_service.llms import Usage
from api_service.metrics import ANSWERS
from api_service.problems import IndexUnavailable
from api_service.resources import Resources
from api_service.single_flight import SingleFlight
from api_service.vector_index import SparseVector

log = structlog.get_logger(__name__)

_NO_TERMS = SparseVector((), ())

_TELLING_SECONDS = 1.0  # most that the end of an answer waits, so that it can be kept


@dataclass(frozen=True, slots=True)
class Key:
    """All that an answer depends on. Settings besides do not change while the process lives.

    Attributes:
        reader: What the prompt says of the reader, the same for all who are described alike.
    """

    message: str
    selected_text: str
    page_url: str
    reader: str
    book: str
    generation: str
    model: str
    prompt: str


async def told_once(
    key: Key,
    tell: Callable[[], AsyncGenerator[Event]],
    *,
    shared: SingleFlight,
    resources: Resources,
) -> AsyncGenerator[Event]:
    """Yield the events of an answer: of one kept, of one under way, or else those of tell.

    Args:
        key: What it depends on.
        tell: Begins a new answer.
        shared: Answers under way, and those kept.
        resources: What it is answered with.

    Raises:
        Problem: As tell does.
    """
    began = time.perf_counter()
    if kept := shared.kept(key):
        log.info("answered_again", model=key.model, prompt=key.prompt)
        for event in cast("tuple[Event, ...]", kept):
            yield _given_again(event, began)
        return
    while True:
        flight, first = shared.board(key, lambda: _kept_after(key, tell, shared, resources))
        try:
            async with aclosing(flight.values()) as events:
                async for event in events:
                    yield event if first else _given_again(event, began)
        except TokensUsedUp:
            if first:
                raise
        else:
            return
        # Whoever asked first could not pay, and nothing has been heard yet: others may.


async def _kept_after(
    key: Key,
    tell: Callable[[], AsyncGenerator[Event]],
    shared: SingleFlight,
    resources: Resources,
) -> AsyncGenerator[Event]:
    """Yield the events of tell, and keep them where they are the best that can be had."""
    told: list[Event] = []
    async with aclosing(tell()) as events:
        async for event in events:
            told.append(event)
            if isinstance(event, Done) and await _may_be_kept(event, key, resources):
                shared.keep(key, tuple(told))
            yield event


async def _may_be_kept(done: Done, key: Key, resources: Resources) -> bool:
    """Tell whether an answer is as good as can be, and of the book that it is kept for.

    Whatever comes of it, the answer is complete: that nobody can tell is no reason to lose it.
    """
    if not _at_its_best(done, resources):
        return False
    try:
        async with asyncio.timeout(_TELLING_SECONDS):
            return await _generation(resources) == key.generation
    except (IndexUnavailable, TimeoutError):
        return False


async def key_of(question: Question, resources: Resources, prompt_file: PromptFile) -> Key | None:
    """Return what an answer is found by; None where it may not be shared, or there is no book.

    Raises:
        IndexUnavailable: Whether the book is the same is not known.
    """
    if question.history:
        return None
    generation = await _generation(resources)
    if not generation:
        return None
    return Key(
        message=question.message,
        selected_text=question.selected_text,
        page_url=question.page_url,
        reader=described(question.reader),
        book=resources.index.book,
        generation=generation,
        model=resources.model.name,
        prompt=prompt_file.fingerprint,
    )


async def _generation(resources: Resources) -> str:
    # A search for nothing reads nothing, and tells what would have been searched.
    return (await resources.index.search(_NO_TERMS, None, 1)).generation


def _at_its_best(done: Done, resources: Resources) -> bool:
    """Tell whether nothing was away that would have made the answer better."""
    retriever = resources.retriever
    by_terms_alone = retriever.embedder is not None and done.retrieval == "bm25"
    as_found = retriever.reranker is not None and done.considered and not done.reranked
    return done.model == resources.model.name and not by_terms_alone and not as_found


def _given_again(event: Event, began: float) -> Event:
    """Return an event as it is for somebody whose question cost nothing; the last is counted."""
    if not isinstance(event, Done):
        return event
    ANSWERS.add("again")
    total = (time.perf_counter() - began) * 1000
    first = event.timings.first_token
    timings = Timings(
        retrieval=min(event.timings.retrieval, total),
        first_token=None if first is None else min(first, total),
        total=total,
    )
    return replace(event, usage=event.usage and Usage(0, 0), timings=timings)
