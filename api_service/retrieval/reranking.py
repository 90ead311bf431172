"""The best chunks, ordered once more by a reranker that reads them beside the question."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from api_service.documents import ScoredChunk
from api_service.problems import ModelUnavailable
from api_service.rerankers import Reranker

log = structlog.get_logger(__name__)

MOST = 30
"""Chunks a reranker reads; those below keep their places."""


async def reranked(
    question: str, ranked: Sequence[ScoredChunk], reranker: Reranker
) -> tuple[Sequence[ScoredChunk], bool]:
    """Return the chunks in the reranker's order and True; where it fails, as they are and False.

    Scores stay those of the first order, handed out anew: a reranker's own are of no known range,
    and chunks that it has not read follow.
    """
    head, tail = ranked[:MOST], ranked[MOST:]
    try:
        async with asyncio.timeout(reranker.seconds):
            scores = await reranker.rerank(question, [each.chunk.searchable for each in head])
    except (ModelUnavailable, TimeoutError) as error:
        log.warning("not_reranked", reranker=reranker.name, error=type(error).__name__)
        return ranked, False
    order = sorted(range(len(head)), key=lambda place: -scores[place])
    best = [
        replace(head[place], score=first.score) for place, first in zip(order, head, strict=True)
    ]
    return [*best, *tail], True
