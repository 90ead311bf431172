"""How well the book is answered from: what is refused, and whether the citations hold.

A judged set becomes a book as `book-eval retrieval` makes one, and is asked through the story every
voice tells, by the model the settings name. Its own questions are answerable; those of other sets
are not, and neither are its own without a relevant passage.
"""

import secrets
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from pydantic import SecretStr

from api_service import embedders
from api_service.chat.answer import answer
from api_service.chat.events import Delta, Done
from api_service.chat.evidence import Evidence, weighed
from api_service.chat.finding import Editor, seek
from api_service.chat.prompt import PromptFile, read_prompt_file
from api_service.chat.question import Question, Turn
from api_service.documents import DEFAULT_BOOK
from api_service.evaluation.judged_sets import JudgedSet, Query
from api_service.evaluation.retrieval import write_passages
from api_service.ingestion.pipeline import Progress
from api_service.llms.extractive import ExtractiveModel
from api_service.resources import Resources, open_resources
from api_service.settings import Settings, WritingSettings
from api_service.vector_index.opening import open_index

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked.

    Attributes:
        own: The set that becomes the book.
        histories: What was said before questions of it, by their ids.
        others: Sets of other subjects.
    """

    own: JudgedSet
    histories: Mapping[str, Sequence[Turn]]
    others: Sequence[JudgedSet]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question.

    Attributes:
        refused: Whether it was said that the book does not cover it.
        evidence: What the gate weighed.
        cited: How many citations the answer has.
        supported: How many of them hold, as the service tells its readers.
        relevant: Whether a source cited is one that people judged relevant.
        right: Whether the answer holds an answer string; None where the set has none.
        half: 0 or 1, the same for all questions on one passage, so that what is chosen on one half
            is not reported on what it was chosen on.
    """

    refused: bool
    evidence: Evidence
    cited: int
    supported: int
    relevant: bool
    right: bool | None
    half: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of all questions.

    Attributes:
        answerable: Of the set's own questions with a relevant passage.
        near: Of its own without one: of the book's subjects, and mostly not covered.
        far: Of the questions of other sets.
        model: What answered.
        retrieval: How the sources were found.
    """

    answerable: Sequence[Outcome]
    near: Sequence[Outcome]
    far: Sequence[Outcome]
    model: str
    retrieval: str

    @property
    def citation_precision(self) -> float | None:
        """Of all citations, the part that hold; None where there is none."""
        every = (*self.answerable, *self.near, *self.far)
        cited = sum(each.cited for each in every)
        return sum(each.supported for each in every) / cited if cited else None


async def ask_all(
    questions: Questions,
    settings: WritingSettings,
    count: int,
    progress: Progress,
) -> Asked:
    """Build a set into a temporary index, and ask what it answers and what it does not.

    Args:
        questions: What is asked.
        settings: Name the embedder, the reranker and the model.
        count: Most questions of each kind, spread evenly; as many of other sets all together.
        progress: Told of each passage written.

    Raises:
        BadSettings: A model cannot be used.
        Unavailable: A model or the index failed.
    """
    # Halved by their own sets' passages, as the set's own questions are.
    strangers = [
        (query, _half(other.judgements[query.id]))
        for other in questions.others
        for query in _spread(other.queries, count)
    ]
    async with _asking(questions, settings, progress) as asking:
        return Asked(
            answerable=[await asking.ask(each) for each in _spread(questions.own.queries, count)],
            near=[await asking.ask(each) for each in _spread(questions.own.unanswerable, count)],
            far=[
                await asking.ask(each, stranger_in=half) for each, half in _spread(strangers, count)
            ],
            model=asking.resources.model.name,
            retrieval="hybrid" if asking.resources.retriever.embedder else "bm25",
        )


@dataclass(frozen=True, slots=True)
class _Asking:
    resources: Resources
    prompt_file: PromptFile
    questions: Questions

    async def ask(self, query: Query, *, stranger_in: int | None = None) -> Outcome:
        """Ask a question; a stranger is another set's, whose ids mean nothing here.

        Args:
            query: The question.
            stranger_in: The half of its own set it is in; None: it is this set's.
        """
        stranger = stranger_in is not None
        text, done = "", None
        history = () if stranger else tuple(self.questions.histories.get(query.id, ()))
        question = Question(query.text, history)
        told = answer(question, resources=self.resources, prompt_file=self.prompt_file)
        async with aclosing(told) as events:
            async for event in events:
                if isinstance(event, Delta):
                    text += event.text
                elif isinstance(event, Done):
                    done = event
        if done is None:
            raise RuntimeError("the answer has no end")
        retriever = self.resources.retriever
        sought = await seek(question, retriever, Editor(ExtractiveModel(), self.prompt_file))
        judged = {} if stranger else self.questions.own.judgements.get(query.id, {})
        sources = {} if done.refused else dict(done.sources)
        return Outcome(
            refused=done.refused,
            evidence=weighed((query.text, sought.standalone), sought.found, retriever),
            cited=len(done.citations),
            supported=sum(citation.supported for citation in done.citations),
            relevant=any(scored.chunk.document in judged for scored in sources.values()),
            right=any(each in text for each in query.answers) if query.answers else None,
            half=_half(judged or {query.id: 0}) if stranger_in is None else stranger_in,
        )


@asynccontextmanager
async def _asking(
    questions: Questions, settings: WritingSettings, progress: Progress
) -> AsyncIterator[_Asking]:
    with TemporaryDirectory(prefix="book-eval-") as folder:
        own = _settings_at(Path(folder), settings)
        embedder = embedders.choose(own)
        index = await open_index(own)
        try:
            await write_passages(
                questions.own.passages, index, embedder, own.book_language, progress
            )
        finally:
            await index.close()
            if embedder:
                await embedder.close()
        async with open_resources(own) as resources:
            yield _Asking(resources, read_prompt_file(), questions)


def _settings_at(folder: Path, settings: WritingSettings) -> Settings:
    """Return the settings of a service by itself, whose index is in a folder."""
    changes = {
        "data_dir": folder,
        "qdrant_url": None,
        "book": DEFAULT_BOOK,
        "jwt_secret": SecretStr(secrets.token_hex(32)),  # nobody signs in
        "revocations": "off",
        "rate_limit": False,
        "workers": 1,
    }
    return Settings(**(settings.model_dump() | changes))


def _half(passages: Iterable[str]) -> int:
    return zlib.crc32(min(passages).encode()) % 2


def _spread(queries: Sequence[T], count: int) -> Sequence[T]:
    """Return at most count of them, evenly from the first to the last."""
    if len(queries) <= count:
        return queries
    return [queries[place * len(queries) // count] for place in range(count)]
