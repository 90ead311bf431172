"""The story of an answer: sources are found, and are enough; a model answers, and is checked.

It is told once, as events; each voice spells them in its own way.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from api_service.chat.citations import Citations
from api_service.chat.deadlines import SEARCH, Deadline
from api_service.chat.events import Delta, Done, Event, Meta, Sources, Timings
from api_service.chat.evidence import nearest, refusal, weighed
from api_service.chat.finding import find
from api_service.chat.head_start import begun
from api_service.chat.markers import with_known_markers
from api_service.chat.orders import is_order
from api_service.chat.prompt import PromptFile, fill
from api_service.chat.question import Question
from api_service.chat.safe_output import NOT_TOLD, harmless, safe
from api_service.chat.second_look import near_in_meaning
from api_service.chat.untrusted import freed, freed_sources
from api_service.llms import LanguageModel, Prompt, Usage, Writer
from api_service.metrics import ANSWER_TIMES, ANSWERS, CITATIONS
from api_service.resources import Resources

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Told:
    """What is known of an answer so far."""

    writer: Writer
    began: float = field(default_factory=time.perf_counter)
    retrieval_ms: float = 0.0
    first_token_ms: float | None = None
    usage: Usage | None = None

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self.began) * 1000


async def answer(
    question: Question,
    *,
    resources: Resources,
    prompt_file: PromptFile,
    deadline: Deadline | None = None,
) -> AsyncGenerator[Event]:
    """Yield the events of an answer; closing the generator early ends all work for it.

    Args:
        question: What is asked.
        resources: What it is answered with.
        prompt_file: What a model is told.
        deadline: When it must be complete; None: in as long as the settings say, from now on.

    Raises:
        DeadlineExceeded: It was not complete in time.
        BookMissing: There is no book to answer from.
        IndexUnavailable: The index does not answer.
        ModelUnavailable: The language model does not answer.
    """
    deadline = deadline or Deadline.after(resources.settings.answer_seconds)
    model, book_url = resources.model, resources.settings.book_base_url
    told = _Told(Writer(model.name, model.mode))
    yield Meta(model=model.name, mode=model.mode)
    question = freed(question)
    sought = await deadline.part(SEARCH).keep(find(question, resources, prompt_file))
    found = sought.found
    told.retrieval_ms = told.elapsed_ms()
    found = replace(found, chunks=freed_sources(found.chunks))
    prompt = fill(prompt_file, question, found.chunks, sought.standalone)
    sources_found = Sources(prompt.sources, found.retrieval, found.reranked)
    citations = Citations(
        prompt.sources,
        resources.retriever.language,
        partial(near_in_meaning, retriever=resources.retriever, by=deadline.at),
    )
    order = is_order(question.message)
    asked = (question.message, sought.standalone)
    if order or not weighed(asked, found, resources.retriever).enough:
        yield sources_found
    else:
        words = deadline.each(_words(model, replace(prompt, wanted_by=deadline.at), told))
        writer = told.writer
        # The sources are told while the model is on its way to the first word.
        async with begun(words) as coming:
            yield sources_found
            known = with_known_markers(coming, len(prompt.sources))
            kept = safe(known, prompt_file=prompt_file, sources=prompt.sources, book_url=book_url)
            async with aclosing(citations.check(kept)) as checked:
                async for event in checked:
                    if told.writer != writer:  # one that answers in the model's place
                        writer = told.writer
                        yield Meta(model=writer.name, mode=writer.mode)
                    yield event
    sources = tuple((n, prompt.sources[n - 1]) for n in citations.cited)
    refused = not citations.text
    if refused:
        sources = () if order else tuple(nearest(prompt.sources))
        near = [scored for _, scored in sources]
        said = NOT_TOLD if order else refusal(near, question.message)
        yield Delta(harmless(said, sources=prompt.sources, book_url=book_url))
    done = Done(
        sources=sources,
        considered=prompt.sources,
        refused=refused,
        model=told.writer.name,
        mode=told.writer.mode,
        retrieval=found.retrieval,
        reranked=found.reranked,
        timings=Timings(told.retrieval_ms, told.first_token_ms, told.elapsed_ms()),
        citations=tuple(citations.checked),
    )
    done = replace(done, usage=_in_all(sought.usage, told.usage, done))
    _log(done, prompt_file)
    _count(done)
    yield done


def _in_all(before: Usage | None, for_it: Usage | None, done: Done) -> Usage | None:
    """Return what a question's being put anew and its answer took; None where a part is unknown."""
    if before is None or done.unasked:
        return for_it or before
    return for_it and before + for_it


def _log(done: Done, prompt_file: PromptFile) -> None:
    log.info(
        "answered",
        model=done.model,
        mode=done.mode,
        refused=done.refused,
        retrieval=done.retrieval,
        reranked=done.reranked,
        prompt=prompt_file.fingerprint,
        sources=len(done.considered),
        cited=len(done.citations),
        unsupported=sum(not citation.supported for citation in done.citations),
        duration_ms=round(done.timings.total),
    )


def _count(done: Done) -> None:
    ANSWERS.add("refused" if done.refused else done.mode)
    timings = done.timings
    ANSWER_TIMES.took(timings.retrieval / 1000, "sources")
    if timings.first_token is not None:
        ANSWER_TIMES.took(timings.first_token / 1000, "first_token")
    ANSWER_TIMES.took(timings.total / 1000, "end")
    for citation in done.citations:
        CITATIONS.add("yes" if citation.supported else "no")


async def _words(model: LanguageModel, prompt: Prompt, told: _Told) -> AsyncGenerator[str]:
    """Yield the model's words alone; what it says of itself goes into told."""
    async with aclosing(model.stream(prompt)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Usage):
                told.usage = piece
                continue
            if isinstance(piece, Writer):
                told.writer = piece
                continue
            if told.first_token_ms is None:
                told.first_token_ms = told.elapsed_ms()
            yield piece
