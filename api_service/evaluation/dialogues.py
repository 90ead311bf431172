"""How well follow-ups find their passages: a judged set whose queries have conversations.

Each is searched as readers' questions are, up to three times: its last question alone, with what
was said before it, and put by hand so that it stands alone, which the others are measured by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from api_service import llms
from api_service.chat.finding import Editor, seek
from api_service.chat.prompt import read_prompt_file
from api_service.chat.question import Question, Turn
from api_service.evaluation.judged_sets import JudgedSet, Query
from api_service.evaluation.retrieval import (
    DEPTH,
    Rankings,
    built,
    figures,
    heading,
    quality,
    ranked,
)
from api_service.ingestion.pipeline import Progress
from api_service.llms import LanguageModel
from api_service.retrieval.retriever import Retriever
from api_service.settings import WritingSettings
from api_service.vector_index import Found

Reading = Literal["alone", "with history", "standalone"]
"""How a follow-up is read."""

Way = Literal["bm25", "hybrid"]
"""How the set is searched; the second where an embedder is configured."""

_WIDTH = 30
_SECOND = 2


@dataclass(frozen=True, slots=True)
class Dialogues:
    """The queries of a set that follow others.

    Attributes:
        judged: The set, with those queries alone.
        histories: What was said before each, by its id.
        standalone: Some of them, or none, put so that they stand alone.
    """

    judged: JudgedSet
    histories: Mapping[str, tuple[Turn, ...]]
    standalone: Mapping[str, str]

    def at_turn_two(self) -> tuple[Query, ...]:
        """Return the second questions of their conversations."""
        return tuple(
            query
            for query in self.judged.queries
            if 1 + sum(turn.role == "user" for turn in self.histories[query.id]) == _SECOND
        )


def dialogues(
    judged: JudgedSet, histories: Mapping[str, tuple[Turn, ...]], standalone: Mapping[str, str]
) -> Dialogues:
    """Return the judged queries of a set that have a history."""
    queries = tuple(query for query in judged.queries if query.id in histories)
    return Dialogues(replace(judged, queries=queries), histories, standalone)


async def search_dialogues(
    asked: Dialogues, settings: WritingSettings, progress: Progress
) -> dict[Way, dict[Reading, Rankings]]:
    """Build the set into a temporary index, and search it for each follow-up in each reading.

    Raises:
        BadSettings: A model cannot be used.
        Unavailable: The embedder or the index failed.
    """
    model = llms.choose(settings)
    try:
        async with built(asked.judged, settings, progress) as retriever:
            ways: dict[Way, Retriever] = {
                "bm25": replace(retriever, embedder=None, reranker=None),
                "hybrid": retriever,
            }
            if not retriever.embedder:
                del ways["hybrid"]
            return {way: await _search(asked, ways[way], model) for way in ways}
    finally:
        await model.close()


async def _search(
    asked: Dialogues, retriever: Retriever, model: LanguageModel
) -> dict[Reading, Rankings]:
    editor = Editor(model, read_prompt_file())

    async def found(question: Question) -> Found:
        return (await seek(question, retriever, editor, DEPTH)).found

    queries = asked.judged.queries
    readings: dict[Reading, dict[str, Question]] = {
        "alone": {query.id: Question(query.text) for query in queries},
        "with history": {
            query.id: Question(query.text, asked.histories[query.id]) for query in queries
        },
        "standalone": {
            query.id: Question(asked.standalone[query.id])
            for query in queries
            if query.id in asked.standalone
        },
    }
    return {
        reading: {id_: await ranked(found(question)) for id_, question in questions.items()}
        for reading, questions in readings.items()
    }


def report(asked: Dialogues, found: Mapping[Way, Mapping[Reading, Rankings]]) -> str:
    """Return what the command prints: a table, and how near follow-ups come to standing alone."""
    second = asked.at_turn_two()
    documents, follow_ups = len(asked.judged.passages), len(asked.judged.queries)
    lines = [
        f"{documents} documents, {follow_ups} judged follow-ups, {len(second)} of them at turn 2",
        heading(_WIDTH),
    ]
    for way, readings in found.items():
        for turn, queries in (("", asked.judged.queries), ("turn 2 ", second)):
            for reading, rankings in readings.items():
                if queries and all(query.id in rankings for query in queries):
                    lines.append(_line(f"{way} {turn}{reading}", asked, queries, rankings))
    lines += [
        f"{way} turn-2 ratio, with history to standalone, nDCG@10: {ratio:.4f}"
        for way, readings in found.items()
        if (ratio := turn_two_ratio(asked, readings)) is not None
    ]
    return "".join(f"{line}\n" for line in lines)


def turn_two_ratio(asked: Dialogues, readings: Mapping[Reading, Rankings]) -> float | None:
    """Return nDCG@10 at turn 2 with history, as a part of that of standalone questions.

    None where not every question at turn 2 has been put so that it stands alone.
    """
    second = asked.at_turn_two()
    if not second or any(query.id not in readings["standalone"] for query in second):
        return None
    judged = replace(asked.judged, queries=second)
    best = quality(judged, readings["standalone"]).ndcg_10
    return quality(judged, readings["with history"]).ndcg_10 / best if best else None


def _line(name: str, asked: Dialogues, queries: Sequence[Query], rankings: Rankings) -> str:
    judged = replace(asked.judged, queries=tuple(queries))
    return figures(f"{name:{_WIDTH}}", judged, {query.id: rankings[query.id] for query in queries})
