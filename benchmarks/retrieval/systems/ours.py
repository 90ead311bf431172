"""The product: its loaders, chunker, embedder, index and retriever, called as its commands do."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from api_service import embedders
from api_service.documents import Chunk, Document, Section
from api_service.embedders import Embedder
from api_service.evaluation.judged_sets import Passage
from api_service.evaluation.retrieval import whole
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import load_book
from api_service.ingestion.reading import fingerprint
from api_service.ingestion.writing import write_chunks
from api_service.retrieval.retriever import Retriever, retrieve
from api_service.settings import BookSettings
from api_service.token_counts import count_tokens
from api_service.vector_index import VectorIndex
from api_service.vector_index.opening import open_index
from benchmarks.retrieval.figures import BUDGET, DOCUMENTS, Page, Piece

_BASE_URL = "https://book.example/docs"
_WHOLE, _BM25, _CUT = "hybrid, whole documents", "BM25 alone, no model", "hybrid, 400 tokens"


class Ours:
    """Chunks of at most 400 tokens, Qdrant's engine in this process and on disk.

    Documents of the question sets are whole, as `book-eval retrieval` takes them, and in a way of
    its own cut as a book's sections are.
    """

    ways = (_WHOLE, _BM25, _CUT)

    def __init__(self, model: Path) -> None:
        self._runner = asyncio.Runner()
        self._folder = TemporaryDirectory(prefix="bench-retrieval-")
        self._settings = BookSettings.from_environment().model_copy(
            update={
                "embedding_model": f"local:{model}",
                "data_dir": Path(self._folder.name),
                "qdrant_url": None,
            }
        )
        chosen = embedders.choose(self._settings)
        if chosen is None:
            raise RuntimeError("a local model needs no key")
        self._remembering = _Remembering(chosen)
        self._index: VectorIndex | None = None
        self._embedder: Embedder | None = None
        self._is_cut = False
        self._built = 0

    def cut(self, folder: Path) -> list[Page]:
        """Load the book and cut it."""
        book = load_book(folder, base_url=_BASE_URL)
        return [
            Page(
                page.path,
                page.title,
                tuple(
                    Piece(chunk.text, chunk.heading_path, chunk.searchable)
                    for chunk in split(page, max_tokens=BUDGET)
                ),
            )
            for page in book.documents
        ]

    def build(self, passages: Sequence[Passage], way: str) -> int:
        """Write the chunks into an empty index."""
        self._drop()
        self._embedder = None if way == _BM25 else self._remembering
        self._is_cut = way == _CUT
        max_tokens = BUDGET if self._is_cut else None
        chunks = [chunk for passage in passages for chunk in _chunks(passage, max_tokens)]
        self._runner.run(self._write(chunks))
        return len(chunks)

    def search(self, question: str, limit: int) -> list[str]:
        """Retrieve as for a reader."""
        if self._index is None:
            raise RuntimeError("nothing is built")
        asked = limit if self._is_cut else DOCUMENTS
        found = self._runner.run(
            retrieve(question, Retriever(self._index, self._embedder), limit=asked)
        )
        return [scored.chunk.document for scored in found.chunks]

    def forget(self, texts: Sequence[str]) -> None:
        """Forget the vectors of these texts."""
        self._remembering.forget(texts)

    def close(self) -> None:
        """Let go of index, model and folder."""
        self._drop()
        self._runner.run(self._remembering.close())
        self._runner.close()
        self._folder.cleanup()

    async def _write(self, chunks: Sequence[Chunk]) -> None:
        self._built += 1
        folder = Path(self._folder.name) / str(self._built)
        self._index = await open_index(self._settings.model_copy(update={"data_dir": folder}))
        await self._index.prepare(self._embedder.dimensions if self._embedder else None)
        marked = [(chunk, fingerprint(chunk, self._embedder)) for chunk in chunks]
        await write_chunks(marked, self._index, self._embedder, lambda _done, _total: None)

    def _drop(self) -> None:
        if self._index is not None:
            self._runner.run(self._index.close())
            self._index = None


class _Remembering:
    """The product's embedder, which keeps the vectors it made, as the frameworks' does here."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self.dimensions = embedder.dimensions
        self._embedder = embedder
        self._known: dict[str, list[float]] = {}

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            vectors = await self._embedder.embed(new)
            self._known |= dict(zip(new, vectors, strict=True))
        return [self._known[text] for text in texts]

    def forget(self, texts: Sequence[str]) -> None:
        for text in texts:
            self._known.pop(text, None)

    async def close(self) -> None:
        await self._embedder.close()


def _chunks(passage: Passage, max_tokens: int | None) -> list[Chunk]:
    chunk = whole(passage)
    if max_tokens is None or count_tokens(chunk.searchable) <= max_tokens:
        return [chunk]
    section = Section(heading_path=chunk.heading_path, anchor="", text=passage.text)
    page = Document(passage.id, passage.id, passage.title, "", (section,))
    return split(page, max_tokens=max_tokens)
