"""Slips of the pen in questions: words the book does not have, put as the book writes them.

The book's words are read from the index, once in a while and in the background. A question that
comes before they are read is searched as it is written.
"""

import asyncio
import time
from contextlib import suppress

import structlog

from api_service.retrieval.vocabulary import Vocabulary, VocabularyBuilder
from api_service.search_settings import Language
from api_service.vector_index import SparseVector, VectorIndex

log = structlog.get_logger(__name__)

CORRECTED_WEIGHT = 0.5
"""What a term counts that is in the question as corrected only, beside one that is written."""

MOST_CHUNKS = 50_000
"""Chunks whose words are read; of a larger book these are enough to know its words by."""

_FRESH_SECONDS = 300
_WAIT_SECONDS = 0.2
_PAGE = 250


class Spelling:
    """Corrects questions by the words of one book.

    Args:
        index: Where the book is.
        language: Whose stems it is searched by.
    """

    def __init__(self, index: VectorIndex, language: Language) -> None:
        self._index = index
        self._language: Language = language
        self._vocabulary: Vocabulary | None = None
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    @property
    def vocabulary(self) -> Vocabulary | None:
        """The book's words as they were last read; None until they have been."""
        return self._vocabulary

    async def corrected(self, question: str) -> str:
        """Return the question, with the words the book does not have as the book writes them.

        Waits for the book's words no longer than a moment, and never for newer ones.
        """
        if time.monotonic() - self._read_at > _FRESH_SECONDS and self._reading is None:
            self._reading = asyncio.create_task(self._read())
        if self._vocabulary is None and self._reading:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._reading), _WAIT_SECONDS)
        return self._vocabulary.corrected(question) if self._vocabulary else question

    async def close(self) -> None:
        """Stop reading."""
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            builder = VocabularyBuilder(self._language)
            after: str | None = None
            for _ in range(MOST_CHUNKS // _PAGE):
                chunks, after = await self._index.page(after, _PAGE)
                await asyncio.to_thread(builder.read, [chunk.searchable for chunk in chunks])
                if after is None:
                    break
            self._vocabulary = await asyncio.to_thread(builder.built)
        except Exception as error:  # noqa: BLE001 - a question is searched as written, whatever it is
            log.warning("vocabulary_not_read", error=type(error).__name__)
        finally:
            self._read_at = time.monotonic()
            self._reading = None


def with_corrections(written: SparseVector, corrected: SparseVector) -> SparseVector:
    """Return the terms of a question, with those of its correction at CORRECTED_WEIGHT."""
    weights = dict(zip(corrected.indices, corrected.values, strict=True))
    weights = {term: weight * CORRECTED_WEIGHT for term, weight in weights.items()}
    weights |= dict(zip(written.indices, written.values, strict=True))
    return SparseVector(tuple(weights), tuple(weights.values()))
