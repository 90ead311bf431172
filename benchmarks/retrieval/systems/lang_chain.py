"""LangChain, as its documentation sets it up for Markdown and for Qdrant.

Sources: "Split markdown" (headings first, then RecursiveCharacterTextSplitter within each), "Build
a semantic search engine" (1,000 characters with 200 of overlap) and "Qdrant" among the vector
stores, docs.langchain.com/oss/python.
"""

from collections.abc import Sequence
from pathlib import Path

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_qdrant import FastEmbedSparse, QdrantVectorStore, RetrievalMode
from langchain_text_splitters import (
    MarkdownHeaderTextSplitter,
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
)

from api_service.evaluation.judged_sets import Passage
from api_service.token_counts import count_tokens
from benchmarks.retrieval.figures import BUDGET, Page, Piece
from benchmarks.retrieval.systems import pages_of, sparse
from benchmarks.retrieval.vectors import Vectors

_HEADERS = [("#", "Header 1"), ("##", "Header 2"), ("###", "Header 3")]


class _Embeddings(Embeddings):
    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._vectors.of(texts)

    def embed_query(self, text: str) -> list[float]:
        return self._vectors.of([text])[0]


class LangChain:
    """MarkdownHeaderTextSplitter, RecursiveCharacterTextSplitter, QdrantVectorStore in memory."""

    ways = ("default", "hybrid")

    def __init__(self, model: Path) -> None:
        self._vectors = Vectors(model)
        self._embeddings = _Embeddings(self._vectors)
        self._store: QdrantVectorStore | None = None

    def cut(self, folder: Path) -> list[Page]:
        """Cut at headings, which become metadata, then by cl100k tokens.

        Its MarkdownTextSplitter is the recursive one with separators for Markdown, and keeps more
        code whole than the plain one of the page on Markdown.
        """
        within = MarkdownTextSplitter(
            chunk_size=BUDGET, chunk_overlap=0, length_function=count_tokens
        )
        return [
            Page(path, None, tuple(_piece(each) for each in _parts(text, {}, within)))
            for path, text in pages_of(folder)
        ]

    def build(self, passages: Sequence[Passage], way: str) -> int:
        """Cut at 1,000 characters with 200 of overlap, and store."""
        self.close()
        within = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        parts = [
            part
            for passage in passages
            for part in _parts(f"{passage.title}\n{passage.text}", {"passage": passage.id}, within)
        ]
        asked = (
            {
                "sparse_embedding": FastEmbedSparse(model_name=sparse.MODEL, **sparse.options()),
                "retrieval_mode": RetrievalMode.HYBRID,
            }
            if way == "hybrid"
            else {}
        )
        self._store = QdrantVectorStore.from_documents(
            parts,
            embedding=self._embeddings,
            location=":memory:",
            collection_name="measured",
            **asked,
        )
        return len(parts)

    def search(self, question: str, limit: int) -> list[str]:
        """Ask the store."""
        if self._store is None:
            raise RuntimeError("nothing is built")
        found = self._store.similarity_search(question, k=limit)
        return [each.metadata["passage"] for each in found]

    def forget(self, texts: Sequence[str]) -> None:
        """Forget the vectors of these texts."""
        self._vectors.forget(texts)

    def close(self) -> None:
        """Drop the index."""
        if self._store is not None:
            self._store.client.close()


def _parts(
    text: str, about: dict[str, str], within: RecursiveCharacterTextSplitter
) -> list[Document]:
    sections = MarkdownHeaderTextSplitter(_HEADERS).split_text(text)
    for section in sections:
        section.metadata |= about
    parts: list[Document] = within.split_documents(sections)
    return parts


def _piece(part: Document) -> Piece:
    path = tuple(part.metadata[name] for _, name in _HEADERS if name in part.metadata)
    return Piece(part.page_content, path, part.page_content)
