"""Chunks for tests of the index."""

from api_service.documents import Chunk
from api_service.embedders.bm25 import document_terms
from api_service.vector_index import Embedding, IndexedChunk, StoredChunk, VectorIndex


def make_chunk(text: str, *, path: str = "sensors.md", ordinal: int = 0) -> Chunk:
    return Chunk(
        document=path.removesuffix(".md"),
        path=path,
        title="Sensors",
        heading_path=("Sensors", "Lidar"),
        url="http://localhost:3000/docs/sensors",
        anchor="lidar",
        text=text,
        ordinal=ordinal,
    )


def make_stored(
    text: str,
    *,
    vector: tuple[float, ...] | None = None,
    embedder: str = "openai:small",
    path: str = "sensors.md",
    ordinal: int = 0,
    fingerprint: str = "1",
) -> IndexedChunk:
    chunk = make_chunk(text, path=path, ordinal=ordinal)
    embedding = Embedding(embedder, vector) if vector else None
    return IndexedChunk(chunk, fingerprint, document_terms(chunk.searchable), embedding)


async def all_stored(index: VectorIndex) -> dict[str, StoredChunk]:
    """Return every stored chunk of the book by its id."""
    found: dict[str, StoredChunk] = {}
    async for some in index.stored():
        found |= some
    return found
