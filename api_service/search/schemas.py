"""The wire of `/v1/search`."""

from pydantic import BaseModel, Field

from api_service.documents import ScoredChunk
from api_service.vector_index import Retrieval


class Result(BaseModel):
    """A passage found; the link to it is url#anchor, or url where anchor is ""."""

    document: str
    path: str
    title: str
    heading_path: tuple[str, ...]
    url: str
    anchor: str
    text: str
    score: float


class Results(BaseModel):
    """What was found, best first, and how."""

    results: list[Result]
    retrieval: Retrieval
    reranked: bool = Field(description="Whether a reranker has put the best in their order.")


def result(scored: ScoredChunk) -> Result:
    """Return the wire form of a passage."""
    chunk = scored.chunk
    return Result(
        document=chunk.document,
        path=chunk.path,
        title=chunk.title,
        heading_path=chunk.heading_path,
        url=chunk.url,
        anchor=chunk.anchor,
        text=chunk.text,
        score=scored.score,
    )
