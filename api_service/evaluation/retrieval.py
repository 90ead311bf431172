"""How well questions find their passages: a judged set, through the product's own code.

Each document of the set is a passage, and so one chunk; ingestion embeds and stores them in a
temporary index, and every judged question is searched as readers' questions are.
"""

import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from api_service import embedders, rerankers
from api_service.documents import DEFAULT_BOOK, Chunk
from api_service.embedders import Embedder
from api_service.evaluation.judged_sets import JudgedSet, Passage
from api_service.evaluation.measures import ndcg, recall, reciprocal_rank
from api_service.ingestion.pipeline import Progress
from api_service.ingestion.reading import fingerprint
from api_service.ingestion.writing import write_chunks
from api_service.retrieval.retriever import Retriever, retrieve
from api_service.retrieval.spelling import Spelling
from api_service.search_settings import Language
from api_service.settings import BookSettings
from api_service.vector_index import Found, Retrieval, VectorIndex
from api_service.vector_index.opening import open_index

DEPTH = 10
"""Documents in each ranking."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one question found.

    Attributes:
        documents: Ids, best first, each with its score.
        seconds: From the question to its chunks, its embedding included.
    """

    documents: Mapping[str, float]
    seconds: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the judged questions; one that found nothing counts as zero."""

    ndcg_10: float
    recall_5: float
    recall_10: float
    mrr_10: float


Rankings = Mapping[str, Ranking]
"""By the question's id."""

Way = Literal["bm25", "dense", "hybrid", "reranked"]
"""How a set is searched; the last with the reranker, where one is configured."""


async def search_all(
    judged: JudgedSet, settings: BookSettings, progress: Progress
) -> dict[Way, Rankings]:
    """Build a set into a temporary index, and search it in every way the settings allow.

    Raises:
        BadSettings: The embedding model cannot be used.
        Unavailable: The embedder or the index failed.
    """
    async with built(judged, settings, progress) as retriever:
        plain = replace(retriever, reranker=None)
        ways: tuple[Retrieval, ...] = ("bm25", "dense", "hybrid") if plain.embedder else ("bm25",)
        found: dict[Way, Rankings] = {way: await _search(judged, plain, way) for way in ways}
        if retriever.reranker:
            found["reranked"] = await _search(judged, retriever, "hybrid")
        return found


@asynccontextmanager
async def built(
    judged: JudgedSet, settings: BookSettings, progress: Progress
) -> AsyncIterator[Retriever]:
    """Build a set into a temporary index, for as long as the context lasts.

    Raises:
        BadSettings: The embedding model cannot be used.
        Unavailable: The embedder or the index failed.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="book-eval-")))
        here = settings.model_copy(
            update={"qdrant_url": None, "data_dir": folder, "book": DEFAULT_BOOK}
        )
        embedder = embedders.choose(settings)
        if embedder:
            stack.push_async_callback(embedder.close)
        reranker = rerankers.choose(settings)
        if reranker:
            stack.push_async_callback(reranker.close)
        index = await open_index(here)
        stack.push_async_callback(index.close)
        language = settings.book_language
        await write_passages(judged.passages, index, embedder, language, progress)
        spelling = Spelling(index, language)
        stack.push_async_callback(spelling.close)
        yield Retriever(index, embedder, settings.fusion, language, spelling, reranker)


async def write_passages(
    passages: Sequence[Passage],
    index: VectorIndex,
    embedder: Embedder | None,
    language: Language,
    progress: Progress,
) -> None:
    """Store each passage as one chunk, as ingestion does.

    Raises:
        Unavailable: The embedder or the index failed.
    """
    await index.prepare(embedder.dimensions if embedder else None)
    chunks = [whole(passage) for passage in passages]
    marked = [(chunk, fingerprint(chunk, embedder, language)) for chunk in chunks]
    await write_chunks(marked, index, embedder, progress, language)


def whole(passage: Passage) -> Chunk:
    """Return the one chunk that a document of a set is."""
    headings = (passage.title,) if passage.title else ()
    return Chunk(
        document=passage.id,
        path=passage.id,
        title=passage.title,
        heading_path=headings,
        url="",
        anchor="",
        text=passage.text,
        ordinal=0,
    )


async def _search(judged: JudgedSet, retriever: Retriever, by: Retrieval) -> Rankings:
    return {
        query.id: await ranked(retrieve(query.text, retriever, limit=DEPTH, by=by))
        for query in judged.queries
    }


async def ranked(search: Awaitable[Found]) -> Ranking:
    """Return what a search brings, and how long it takes."""
    start = time.perf_counter()
    found = await search
    seconds = time.perf_counter() - start
    return Ranking({scored.chunk.document: scored.score for scored in found.chunks}, seconds)


def quality(judged: JudgedSet, rankings: Rankings) -> Quality:
    """Return the means of the measures over the judged questions."""

    def mean(
        measure: Callable[[Sequence[str], Mapping[str, int], int], float], depth: int
    ) -> float:
        return statistics.fmean(
            measure(list(rankings[query.id].documents), judged.judgements[query.id], depth)
            for query in judged.queries
        )

    return Quality(mean(ndcg, 10), mean(recall, 5), mean(recall, 10), mean(reciprocal_rank, 10))


def report(judged: JudgedSet, found: Mapping[Way, Rankings]) -> str:
    """Return the table the command prints: a line for each way of searching."""
    lines = [
        f"{len(judged.passages)} documents, {len(judged.queries)} judged queries",
        heading(8),
        *(figures(f"{way:8}", judged, rankings) for way, rankings in found.items()),
    ]
    return "".join(f"{line}\n" for line in lines)


def heading(width: int) -> str:
    """Return the names of the figures, behind a name of so many characters."""
    return f"{'':{width}}  nDCG@10  recall@5  recall@10  MRR@10   p50 ms   p95 ms"


def figures(name: str, judged: JudgedSet, rankings: Rankings) -> str:
    """Return a line of the table: the means of rankings, and how long a search took."""
    means = quality(judged, rankings)
    times = sorted(ranking.seconds * 1000 for ranking in rankings.values())
    return (
        f"{name}{means.ndcg_10:9.4f}{means.recall_5:10.4f}{means.recall_10:11.4f}"
        f"{means.mrr_10:8.4f}{_percentile(times, 50):9.2f}{_percentile(times, 95):9.2f}"
    )


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many per cent do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def run_lines(rankings: Rankings, tag: str) -> str:
    """Return rankings as a run file of TREC's: query, Q0, document, rank, score, tag."""
    return "".join(
        f"{query} Q0 {document} {rank} {score:.6f} {tag}\n"
        for query, ranking in rankings.items()
        for rank, (document, score) in enumerate(ranking.documents.items(), start=1)
    )
