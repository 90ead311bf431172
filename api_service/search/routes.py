"""`GET /v1/search`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api_service.dependencies import Res, permitted, within_limit
from api_service.retrieval.retriever import retrieve
from api_service.search.schemas import Results, result
from api_service.wire import SearchText

router = APIRouter(
    tags=["search"], dependencies=[Depends(permitted("book", "search")), Depends(within_limit)]
)


@router.get("/search")
async def search(
    q: Annotated[SearchText, Query(description="What to look for.")],
    resources: Res,
    limit: Annotated[int, Query(ge=1, le=50, description="Most results.")] = 10,
) -> Results:
    """Return the passages that fit best, without an answer."""
    with resources.crowd.place():
        found = await retrieve(q, resources.retriever, limit=limit)
    return Results(
        results=[result(scored) for scored in found.chunks],
        retrieval=found.retrieval,
        reranked=found.reranked,
    )
