"""A small book for tests: its chunks, and an index that holds them."""

from collections.abc import Sequence

from api_service import embedders
from api_service.documents import Chunk, ScoredChunk
from api_service.embedders.bm25 import document_terms
from api_service.settings import Settings
from api_service.vector_index import Embedding, IndexedChunk
from api_service.vector_index.opening import open_index


def make_chunk(
    text: str, *, page: str = "Sensors", heading: str = "Overview", ordinal: int = 0
) -> Chunk:
    name = page.lower().replace(" ", "-")
    return Chunk(
        document=name,
        path=f"{name}.md",
        title=page,
        heading_path=(page, heading),
        url=f"http://localhost:3000/docs/{name}",
        anchor=heading.lower().replace(" ", "-"),
        text=text,
        ordinal=ordinal,
    )


def scored(*chunks: Chunk) -> tuple[ScoredChunk, ...]:
    return tuple(ScoredChunk(chunk, 1 / rank) for rank, chunk in enumerate(chunks, start=1))


IMU = make_chunk(
    "An inertial measurement unit (IMU) is a package of accelerometers and gyroscopes. It reports "
    "specific force and angular rate along three axes. Its bias drifts with temperature.",
    heading="Inertial measurement units",
)
LIDAR = make_chunk(
    "A lidar measures distance by timing light. Rain and dust blind a lidar.", heading="Lidar"
)
GAIT = make_chunk(
    "A gait is the order in which the legs touch the ground. Trotting is a gait of two beats.",
    page="Walking",
    heading="Gaits",
)
NODE = make_chunk(
    "1. Create a package with `ros2 pkg create`.\n"
    "2. Write the node as a class.\n"
    "3. Build the package:\n\n   ```bash\n   colcon build\n   ```\n",
    page="ROS 2",
    heading="Create a ROS 2 node",
)
BOOK = (IMU, LIDAR, GAIT, NODE)


async def ingest(settings: Settings, chunks: Sequence[Chunk] = BOOK) -> None:
    """Put chunks into the index the settings name, with embeddings where they are configured."""
    embedder = embedders.choose(settings)
    index = await open_index(settings)
    try:
        vectors: list[Embedding | None] = [None] * len(chunks)
        if embedder:
            dense = await embedder.embed([chunk.searchable for chunk in chunks])
            vectors = [Embedding(embedder.name, tuple(vector)) for vector in dense]
            await embedder.close()
        await index.prepare(embedder.dimensions if embedder else None)
        await index.write(
            [
                IndexedChunk(
                    chunk, "1", document_terms(chunk.searchable, settings.book_language), vector
                )
                for chunk, vector in zip(chunks, vectors, strict=True)
            ]
        )
    finally:
        await index.close()
