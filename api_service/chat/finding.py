"""How a question's sources are found: with what was said before it, and with what is marked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from api_service.chat import follow_ups, selection
from api_service.chat.follow_ups import Rewritten
from api_service.chat.history import recent
from api_service.chat.orders import is_order
from api_service.chat.prompt import PromptFile, fill_follow_up
from api_service.chat.question import Question, Turn
from api_service.llms import LanguageModel, Prompt, Usage
from api_service.resources import Resources
from api_service.retrieval.context import Context
from api_service.retrieval.retriever import Retriever, retrieve
from api_service.retrieval.surroundings import with_surroundings
from api_service.search_settings import Language
from api_service.together import together
from api_service.vector_index import Found

SOURCES = 8
"""Most sources an answer is written from."""

REWRITE_SECONDS = 2.0
"""Longest wait for a model to put a question so that it stands alone; less where an answer must be
there soon."""

_PATIENCE = 0.2  # of the time for the whole answer, likewise

_PLACES = 2  # chunks that a marked passage is looked for in


@dataclass(frozen=True, slots=True)
class Sought:
    """What a question found.

    Attributes:
        found: The sources, best first.
        standalone: The question with what it leans on; as it was, where it stands alone.
        usage: What a model took that was asked for that.
    """

    found: Found
    standalone: str
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Editor:
    """Who puts a follow-up so that it stands alone.

    Attributes:
        model: Does it, if it writes.
        prompt_file: What it is told.
        patience: Longest wait for it, in seconds.
    """

    model: LanguageModel
    prompt_file: PromptFile
    patience: float = REWRITE_SECONDS


async def find(question: Question, resources: Resources, prompt_file: PromptFile) -> Sought:
    """Return the sources of an answer, with what stands around them.

    Raises:
        BookMissing: There is no book to answer from.
        IndexUnavailable: The index does not answer.
    """
    patience = min(REWRITE_SECONDS, _PATIENCE * resources.settings.answer_seconds)
    editor = Editor(resources.model, prompt_file, patience)
    sought = await seek(question, resources.retriever, editor)
    tokens = resources.settings.context_tokens
    found = await with_surroundings(sought.found, resources.index, tokens)
    return replace(sought, found=found)


async def seek(
    question: Question, retriever: Retriever, editor: Editor, limit: int = SOURCES
) -> Sought:
    """Search the book for a question, with what was said before it and what is marked.

    It is searched at once, by its own words and, less, by those of the conversation and of the
    passage marked. Meanwhile a model puts it so that it stands alone, where it does not and there
    is a model; only if that changes it, it is searched once more.

    Args:
        question: What is asked.
        retriever: What the book is searched with.
        editor: Asked where the question leans on what was said before it.
        limit: Most sources.

    Raises:
        BookMissing: There is no book to answer from.
        IndexUnavailable: The index does not answer.
    """
    passage = selection.marked(question.selected_text)
    earlier = recent(question.history)
    leans = follow_ups.leans(question.message, retriever.language)
    standalone = question.message
    if leans:
        standalone = follow_ups.standalone(standalone, earlier, retriever.language, passage)
    context = Context(
        besides=(*selection.besides(passage), *follow_ups.besides(earlier)),
        page_url=question.page_url,
        standalone=standalone,
    )
    needed = leant_on(question.message, earlier, retriever.language)
    history = needed if editor.model.mode == "generated" else ()
    async with _rewriting(question.message, history, editor) as rewriting:
        async with together() as searching:
            plain = searching.create_task(
                retrieve(question.message, retriever, limit=limit, context=context)
            )
            marking = searching.create_task(_marked(passage, retriever))
        found, marked = plain.result(), marking.result()
        better = await rewriting
    if better.text != question.message:
        standalone = better.text
        context = replace(context, standalone=standalone)
        found = await retrieve(standalone, retriever, limit=limit, context=context)
    return Sought(_led(passage, found, marked, limit), standalone, better.usage)


def leant_on(message: str, earlier: tuple[Turn, ...], language: Language) -> tuple[Turn, ...]:
    """Return what a model has to know of a conversation to put a question so that it stands alone.

    Nothing, where it stands alone already, or is none that a book could answer.
    """
    worth_asking = earlier and follow_ups.leans(message, language) and not is_order(message)
    return earlier if worth_asking else ()


@asynccontextmanager
async def _rewriting(
    message: str, history: Sequence[Turn], editor: Editor
) -> AsyncIterator[asyncio.Task[Rewritten]]:
    """Have the editor at a question, unless there is no history; never beyond the context."""

    async def rewritten() -> Rewritten:
        if not history:
            return Rewritten(message)
        by = asyncio.get_running_loop().time() + editor.patience
        told = fill_follow_up(editor.prompt_file, history)
        prompt = Prompt(told, message, sources=(), wanted_by=by)
        try:
            async with asyncio.timeout_at(by):
                return await follow_ups.rewritten(prompt, editor.model)
        except TimeoutError:
            return Rewritten(message)

    task = asyncio.create_task(rewritten())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _marked(passage: str, retriever: Retriever) -> Found | None:
    """Find the chunks the passage may stand in, by its words alone."""
    if not passage:
        return None
    return await retrieve(passage, retriever, limit=_PLACES, by="bm25")


def _led(passage: str, found: Found, marked: Found | None, limit: int) -> Found:
    """Put what holds the marked passage before the rest."""
    # A book that was replaced between the two searches is not mixed with its former edition.
    if marked is None or marked.generation != found.generation:
        return found
    best = max((scored.score for scored in found.chunks), default=1.0)
    held = [each for each in marked.chunks if selection.holds(passage, each.chunk)]
    ids = {scored.chunk.id for scored in held}
    rest = [scored for scored in found.chunks if scored.chunk.id not in ids]
    leading = [replace(each, score=best) for each in held]
    return replace(found, chunks=tuple([*leading, *rest][:limit]))
