"""A collection on a Qdrant server given a dense vector of the length an ingestion needs."""

from qdrant_client import AsyncQdrantClient, models

from api_service.vector_index import SCHEMA, IndexRefused
from api_service.vector_index.points import DENSE, FORGOTTEN, OTHER_LENGTH
from api_service.vector_index.server_generations import WRITE_SECONDS, Generation
from api_service.vector_index.server_options import Kept
from api_service.vector_index.server_requests import only, others_with_vectors


async def require_alone(
    client: AsyncQdrantClient, at: Generation, book: str, dimensions: int | None
) -> None:
    """Make sure that vectors of this length would not cost another book its own.

    Raises:
        IndexRefused: They would.
        ApiException: The server refused or failed.
    """
    if at.schema < SCHEMA or None in (dimensions, at.dimensions):
        return  # before schema 2 there was one book
    if at.dimensions == dimensions:
        return
    if (await client.count(at.name, others_with_vectors(book))).count:
        cure = "set QDRANT_COLLECTION to another name"
        raise IndexRefused(OTHER_LENGTH.format(stored=at.dimensions, asked=dimensions, cure=cure))


async def give_dense(
    client: AsyncQdrantClient, at: Generation, book: str, dimensions: int, kept: Kept
) -> None:
    """Give a collection a dense vector of this length; one of another length is dropped.

    Raises:
        ApiException: The server refused or failed.
    """
    if at.dimensions is not None:
        of_book = only(book) if at.schema == SCHEMA else models.Filter()
        await client.set_payload(at.name, FORGOTTEN, of_book, wait=True, timeout=WRITE_SECONDS)
        await client.delete_vector_name(at.name, DENSE)
    dense = models.DenseVectorConfig(size=dimensions, distance=models.Distance.COSINE)
    await client.create_vector_name(at.name, DENSE, models.DenseVectorNameConfig(dense=dense))
    if kept.vectors_on_disk:
        on_disk = {DENSE: models.VectorParamsDiff(on_disk=True)}
        await client.update_collection(at.name, vectors_config=on_disk)
