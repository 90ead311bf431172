"""A generation's chunks carried over to the next, with their vectors: nothing is embedded again."""

from collections.abc import Mapping

from qdrant_client import AsyncQdrantClient, models

from api_service.vector_index import SCHEMA
from api_service.vector_index.points import UNNAMED
from api_service.vector_index.server_generations import WRITE_SECONDS, Generation, Generations

PAGE = 256
"""Chunks in a request: 16 MB with vectors of 3,072 numbers, and a server takes 32."""


async def copy(client: AsyncQdrantClient, generations: Generations, dimensions: int | None) -> str:
    """Copy the live generation, or take the copy that was left over; return its name.

    Raises:
        IndexRefused: The live one is not ours.
        ApiException: The server refused or failed.
    """
    if left := await generations.left_over():
        return left
    live = await generations.look()
    name = await generations.create(live.dimensions if live else dimensions)
    if live:
        live.require_ours()
        await _carry_over(client, live, name)
        await generations.note_whole_copy(name, live.name)
    return name


async def _carry_over(client: AsyncQdrantClient, source: Generation, target: str) -> None:
    """Write every chunk of a generation, of all books, into a collection."""
    unnamed = UNNAMED if source.schema < SCHEMA else {}
    offset: models.ExtendedPointId | None = None
    while True:
        page, offset = await client.scroll(
            source.name, limit=PAGE, offset=offset, with_payload=True, with_vectors=True
        )
        points = [
            models.PointStruct(
                id=record.id, vector=_given(record), payload={**unnamed, **(record.payload or {})}
            )
            for record in page
        ]
        if points:
            await client.upsert(target, points, wait=True, timeout=WRITE_SECONDS)
        if offset is None:
            return


def _given(record: models.Record) -> models.VectorStruct:
    """Return a record's vectors as they are written; read they have a type of their own."""
    vectors = record.vector if isinstance(record.vector, Mapping) else {}
    return dict(vectors)
