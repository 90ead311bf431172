"""How a question's sources are found: with what was said before it, and with what is marked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from api_service.chat import follow_ups, selection
from api_service.chat.follow_ups import Rewritten
from api_service.chat.history import recent
from api_service.chat.prompt import PromptFile, fill_follow_up
from api_service.chat.question import Question, Turn
from api_service.documents import ScoredChunk
from api_service.llms import Usage
from api_service.resources import Resources
from api_service.retrieval.context import Context
from api_service.retrieval.retriever import retrieve
from api_service.retrieval.surroundings import with_surroundings
from api_service.vector_index import Found

SOURCES = 8
"""Most sources an answer is written from."""

REWRITE_SECONDS = 2.0
"""Longest wait for a model to put a question so that it stands alone."""

_PLACES = 2  # chunks that a marked passage is looked for in


@dataclass(frozen=True, slots=True)
class Sought:
    """What a question found.

    Attributes:
        found: The sources, best first, with what stands around them.
        standalone: The question with what it leans on; as it was, where it stands alone.
        usage: What a model took that was asked for that.
    """

    found: Found
    standalone: str
    usage: Usage | None = None


async def find(question: Question, resources: Resources, prompt_file: PromptFile) -> Sought:
    """Search the book for a question.

    It is searched at once, by its own words and, less, by those of the conversation and of the
    passage marked. Meanwhile a model puts it so that it stands alone, where it does not and there
    is a model; only if that changes it, it is searched once more.

    Raises:
        BookMissing: There is no book to answer from.
        IndexUnavailable: The index does not answer.
    """
    passage = selection.marked(question.selected_text)
    earlier = recent(question.history)
    language = resources.settings.book_language
    heap = follow_ups.standalone(question.message, earlier, language, passage)
    context = Context(
        besides=(*selection.besides(passage), *follow_ups.besides(earlier)),
        page_url=question.page_url,
        standalone=heap,
    )
    async with _rewriting(question.message, earlier, resources, prompt_file) as rewriting:
        found, marked = await asyncio.gather(
            _search(question.message, context, resources), _marked(passage, resources)
        )
        better = await rewriting if rewriting else Rewritten(question.message)
    if better.text != question.message:
        again = replace(context, standalone=better.text)
        found = await _search(better.text, again, resources)
        heap = better.text
    found = _led(passage, found, marked)
    context_tokens = resources.settings.context_tokens
    around = await with_surroundings(found, resources.index, context_tokens)
    return Sought(around, heap, better.usage)


@asynccontextmanager
async def _rewriting(
    message: str, earlier: Sequence[Turn], resources: Resources, prompt_file: PromptFile
) -> AsyncIterator[asyncio.Task[Rewritten] | None]:
    """Have a model at the question, if that may help; whatever happens, not beyond the context."""
    model = resources.model
    leans = follow_ups.leans(message, resources.settings.book_language)
    if not (earlier and leans and model.mode == "generated"):
        yield None
        return
    instructions = fill_follow_up(prompt_file, earlier)

    async def rewritten() -> Rewritten:
        try:
            async with asyncio.timeout(REWRITE_SECONDS):
                return await follow_ups.rewritten(message, instructions, model)
        except TimeoutError:
            return Rewritten(message)

    task = asyncio.create_task(rewritten())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _search(text: str, context: Context, resources: Resources) -> Found:
    return await retrieve(text, resources.retriever, limit=SOURCES, context=context)


async def _marked(passage: str, resources: Resources) -> Found | None:
    """Find the chunks the passage may stand in, by its words alone."""
    if not passage:
        return None
    return await retrieve(passage, resources.retriever, limit=_PLACES, by="bm25")


def _led(passage: str, found: Found, marked: Found | None) -> Found:
    """Put what holds the marked passage before the rest."""
    # A book that was replaced between the two searches is not mixed with its former edition.
    if marked is None or marked.generation != found.generation:
        return found
    best = max((scored.score for scored in found.chunks), default=1.0)
    held = [each for each in marked.chunks if selection.holds(passage, each.chunk)]
    ids = {scored.chunk.id for scored in held}
    rest = [scored for scored in found.chunks if scored.chunk.id not in ids]
    leading: list[ScoredChunk] = [replace(each, score=best) for each in held]
    return replace(found, chunks=tuple([*leading, *rest][:SOURCES]))
