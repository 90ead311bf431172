"""LlamaIndex, as its documentation sets it up for Markdown and for Qdrant.

Sources: "Node Parser Modules" (a file-based parser chained with a text-based one), "Qdrant Vector
Store" and "Qdrant Hybrid Search", developers.llamaindex.ai/python/framework.
"""

from collections.abc import Sequence
from pathlib import Path

from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.ingestion import run_transformations
from llama_index.core.node_parser import MarkdownNodeParser, SentenceSplitter
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.vector_stores.qdrant import QdrantVectorStore
from pydantic import PrivateAttr
from qdrant_client import QdrantClient

from api_service.evaluation.judged_sets import Passage
from benchmarks.retrieval.figures import BUDGET, CHUNKS, Page, Piece
from benchmarks.retrieval.systems import pages_of, sparse
from benchmarks.retrieval.vectors import Vectors

_SEPARATOR = "\x1f"  # no heading holds it, as one may hold the default, "/"


class _Embedding(BaseEmbedding):
    _vectors: Vectors = PrivateAttr()

    def __init__(self, vectors: Vectors) -> None:
        super().__init__(model_name="all-MiniLM-L6-v2")
        self._vectors = vectors

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._vectors.of(texts)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._vectors.of([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._vectors.of([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class LlamaIndex:
    """MarkdownNodeParser and SentenceSplitter, VectorStoreIndex over Qdrant in memory."""

    ways = ("default", "hybrid")

    def __init__(self, model: Path) -> None:
        self._vectors = Vectors(model)
        self._embedding = _Embedding(self._vectors)
        self._client: QdrantClient | None = None
        self._retriever: BaseRetriever | None = None

    def cut(self, folder: Path) -> list[Page]:
        """Cut at headings, then at sentences; a section's own heading is a line of its text."""
        parsers = [
            MarkdownNodeParser(header_path_separator=_SEPARATOR),
            SentenceSplitter(chunk_size=BUDGET, chunk_overlap=20),
        ]
        return [
            Page(path, None, tuple(_piece(node) for node in _nodes([Document(text=text)], parsers)))
            for path, text in pages_of(folder)
        ]

    def build(self, passages: Sequence[Passage], way: str) -> int:
        """Cut by the parsers' defaults, 1,024 tokens with 200 of overlap, and store."""
        self.close()
        parts = [
            Document(
                text=f"{passage.title}\n{passage.text}",
                metadata={"passage": passage.id},
                excluded_embed_metadata_keys=["passage"],
                excluded_llm_metadata_keys=["passage"],
            )
            for passage in passages
        ]
        nodes = _nodes(parts, [MarkdownNodeParser(), SentenceSplitter()])
        self._client = QdrantClient(":memory:")
        hybrid = way == "hybrid"
        store = QdrantVectorStore(
            "measured",
            client=self._client,
            enable_hybrid=hybrid,
            fastembed_sparse_model=sparse.MODEL if hybrid else None,
            sparse_doc_fn=_terms if hybrid else None,
            sparse_query_fn=_terms if hybrid else None,
        )
        context = StorageContext.from_defaults(vector_store=store)
        index = VectorStoreIndex(nodes, storage_context=context, embed_model=self._embedding)
        asked = {"vector_store_query_mode": "hybrid", "sparse_top_k": CHUNKS} if hybrid else {}
        self._retriever = index.as_retriever(similarity_top_k=CHUNKS, **asked)
        return len(nodes)

    def search(self, question: str, limit: int) -> list[str]:
        """Ask the index's retriever."""
        if self._retriever is None:
            raise RuntimeError("nothing is built")
        found = self._retriever.retrieve(question)
        return [each.node.metadata["passage"] for each in found[:limit]]

    def forget(self, texts: Sequence[str]) -> None:
        """Forget the vectors of these texts."""
        self._vectors.forget(texts)

    def close(self) -> None:
        """Drop the index."""
        if self._client is not None:
            self._client.close()


def _nodes(
    parts: Sequence[Document], parsers: list[MarkdownNodeParser | SentenceSplitter]
) -> list[BaseNode]:
    return list(run_transformations(parts, parsers))


def _piece(node: BaseNode) -> Piece:
    above = node.metadata["header_path"].split(_SEPARATOR)
    return Piece(
        text=node.get_content(MetadataMode.NONE),
        heading_path=tuple(heading for heading in above if heading),
        embedded=node.get_content(MetadataMode.EMBED).replace(_SEPARATOR, "/"),
    )


def _terms(texts: list[str]) -> tuple[list[list[int]], list[list[float]]]:
    """Weigh terms, those of questions too, as LlamaIndex's own encoder by fastembed does."""
    made = list(sparse.model().embed(texts, batch_size=256))
    return [each.indices.tolist() for each in made], [each.values.tolist() for each in made]
