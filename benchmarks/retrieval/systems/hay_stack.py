"""Haystack, as its documentation sets it up for Markdown and for Qdrant.

Sources: "MarkdownHeaderSplitter" (its default unit and length, 200 words), "QdrantDocumentStore",
"QdrantEmbeddingRetriever" and "QdrantHybridRetriever", docs.haystack.deepset.ai.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import fastembed
from haystack import Document
from haystack.components.preprocessors import MarkdownHeaderSplitter
from haystack.dataclasses import SparseEmbedding
from haystack.document_stores.types import DuplicatePolicy
from haystack_integrations.components.retrievers.qdrant import (
    QdrantEmbeddingRetriever,
    QdrantHybridRetriever,
)
from haystack_integrations.document_stores.qdrant import QdrantDocumentStore

from api_service.evaluation.judged_sets import Passage
from benchmarks.retrieval.figures import Page, Piece
from benchmarks.retrieval.systems import pages_of, sparse
from benchmarks.retrieval.vectors import DIMENSIONS, Vectors


class Haystack:
    """MarkdownHeaderSplitter with a second split by words, QdrantDocumentStore in memory."""

    ways = ("default", "hybrid")

    def __init__(self, model: Path) -> None:
        self._vectors = Vectors(model)
        self._splitter = MarkdownHeaderSplitter(secondary_split="word")
        self._splitter.warm_up()
        self._store: QdrantDocumentStore | None = None
        self._is_hybrid = False

    def cut(self, folder: Path) -> list[Page]:
        """Cut at headings, then at 200 words: its splitter counts no tokens."""
        return [
            Page(path, None, tuple(_piece(each) for each in self._parts([Document(content=text)])))
            for path, text in pages_of(folder)
        ]

    def build(self, passages: Sequence[Passage], way: str) -> int:
        """Cut by the splitter's defaults, and store."""
        self.close()
        self._is_hybrid = way == "hybrid"
        self._store = QdrantDocumentStore(
            ":memory:",
            progress_bar=False,
            embedding_dim=DIMENSIONS,
            recreate_index=True,
            use_sparse_embeddings=self._is_hybrid,
            sparse_idf=self._is_hybrid,
        )
        parts = self._parts(
            [
                Document(content=f"{passage.title}\n{passage.text}", meta={"passage": passage.id})
                for passage in passages
            ]
        )
        texts = [part.content or "" for part in parts]
        vectors = self._vectors.of(texts)
        embedded = [
            replace(part, embedding=vector) for part, vector in zip(parts, vectors, strict=True)
        ]
        if self._is_hybrid:
            weighed = sparse.model().embed(texts)
            embedded = [
                replace(part, sparse_embedding=_sparse(terms))
                for part, terms in zip(embedded, weighed, strict=True)
            ]
        self._store.write_documents(embedded, policy=DuplicatePolicy.OVERWRITE)
        return len(parts)

    def search(self, question: str, limit: int) -> list[str]:
        """Ask the retriever."""
        if self._store is None:
            raise RuntimeError("nothing is built")
        (vector,) = self._vectors.of([question])
        if self._is_hybrid:
            terms = next(iter(sparse.model().query_embed(question)))
            found = QdrantHybridRetriever(self._store, top_k=limit).run(
                query_embedding=vector, query_sparse_embedding=_sparse(terms)
            )
        else:
            found = QdrantEmbeddingRetriever(self._store, top_k=limit).run(query_embedding=vector)
        return [each.meta["passage"] for each in found["documents"]]

    def forget(self, texts: Sequence[str]) -> None:
        """Forget the vectors of these texts."""
        self._vectors.forget(texts)

    def close(self) -> None:
        """Drop the index."""
        self._store = None

    def _parts(self, whole: list[Document]) -> list[Document]:
        parts: list[Document] = self._splitter.run(documents=whole)["documents"]
        return parts


def _sparse(terms: fastembed.SparseEmbedding) -> SparseEmbedding:
    return SparseEmbedding(terms.indices.tolist(), terms.values.tolist())


def _piece(part: Document) -> Piece:
    above, own = part.meta.get("parent_headers", []), part.meta.get("header")
    text = part.content or ""
    return Piece(text, tuple([*above, own] if own else above), text)
