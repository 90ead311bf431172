"""What a model reads that its reader did not just ask: freed of orders to it before it does.

A chapter, an earlier turn, a marked passage and what a token tells of its reader were all written
by somebody whom nobody has checked.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from api_service.chat.orders import is_order, without_orders
from api_service.chat.question import Question, Reader
from api_service.documents import Chunk, ScoredChunk


def freed(question: Question) -> Question:
    """Return a question with what comes along with it freed of orders.

    An earlier turn is dropped as a whole, since a refused one stays in its reader's conversation.
    """
    reader = question.reader
    return replace(
        question,
        history=tuple(turn for turn in question.history if not _gives_orders(turn.text)),
        selected_text=without_orders(question.selected_text),
        reader=Reader(
            software_background=_claim(reader.software_background),
            hardware_background=_claim(reader.hardware_background),
            interest_area=_claim(reader.interest_area),
        ),
    )


def freed_sources(found: Iterable[ScoredChunk]) -> tuple[ScoredChunk, ...]:
    """Return what was found without the paragraphs that give orders, where anything is left."""
    return tuple(
        replace(scored, chunk=chunk, before=_freed(scored.before), after=_freed(scored.after))
        for scored in found
        for chunk in _freed((scored.chunk,))
    )


def _freed(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    return tuple(freed for chunk in chunks if (freed := _freed_chunk(chunk)).text)


def _freed_chunk(chunk: Chunk) -> Chunk:
    text = _of_the_book(chunk.text)
    path = tuple(heading for heading in chunk.heading_path if _of_the_book(heading))
    if text == chunk.text and len(path) == len(chunk.heading_path):
        return chunk
    return replace(chunk, text=text, heading_path=path)


@lru_cache(maxsize=4096)  # the passages of a book come up again and again
def _of_the_book(text: str) -> str:
    return without_orders(text)


# Few: a conversation comes along with each of its questions, but every turn is another reader's
# own and long, and memory is not to follow how many have ever asked.
@lru_cache(maxsize=512)
def _gives_orders(text: str) -> bool:
    return is_order(text) or without_orders(text) != text


def _claim(text: str) -> str:
    return "" if _gives_orders(text) else text
