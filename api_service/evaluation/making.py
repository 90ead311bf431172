"""The story of `book-eval make-questions`: a book's chunks, a sample of them, a draft for each."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api_service import llms
from api_service.documents import Chunk
from api_service.evaluation.draft_sets import (
    DraftSet,
    document_id,
    read_drafts,
    write_questions,
    write_set,
)
from api_service.evaluation.drafts import (
    BY_RULE,
    Draft,
    Failure,
    by_rule,
    distinct,
    drafted,
    estimate,
    sampled,
)
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import load_book
from api_service.ingestion.pipeline import MAX_TOKENS
from api_service.llms import LanguageModel
from api_service.problems import ModelUnavailable
from api_service.settings import WritingSettings

Tell = Callable[[str], object]
"""Called with a sentence for whoever waits."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be drafted.

    Attributes:
        source: The book's folder.
        out: The folder of the set.
        count: How many questions.
        seed: The sample's.
        force: Whether to begin anew where questions have been corrected.
        dry_run: Whether to tell the cost and stop.
    """

    source: Path
    out: Path
    count: int
    seed: int
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What became of it.

    Attributes:
        questions: In the set now.
        new: Those drafted this time.
        failures: Chunks without a draft, by reason; "asked already" where another has its question.
        stopped: Whether the model did not answer any more.
    """

    questions: int
    new: int
    failures: Counter[str]
    stopped: bool


async def make_questions(wanted: Wanted, settings: WritingSettings, tell: Tell) -> Made:
    """Draft the questions of a book that its set does not have yet, and write them as they come.

    Raises:
        NoPages: There is no book.
        Corrected: The set holds corrected questions, and force is not set.
        BadSettings: The language model cannot be used.
        OSError: The set cannot be written.
    """
    book = load_book(wanted.source, base_url=settings.book_base_url)
    for page in book.broken:
        tell(f"{page.path}: {page.reason}")
    chunks = [chunk for page in book.documents for chunk in split(page, max_tokens=MAX_TOKENS)]
    found = DraftSet({}) if wanted.force else read_drafts(wanted.out)
    sample = sampled(chunks, wanted.count, wanted.seed)
    todo = [chunk for chunk in sample if document_id(chunk) not in found.rows]
    model = llms.choose(settings)
    try:
        tell(_announced(todo, model, kept=len(sample) - len(todo)))
        if wanted.dry_run:
            return Made(len(found.rows), 0, Counter(), stopped=False)
        writing = _Writing(wanted.out, chunks, found)
        if model.mode == "extractive":
            writing.add([by_rule(chunk) for chunk in todo])
        else:
            await _ask(todo, model, writing, tell)
    finally:
        await model.close()
    return writing.made()


def _announced(todo: list[Chunk], model: LanguageModel, kept: int) -> str:
    before = f", {kept} are there from before" if kept else ""
    if model.mode == "extractive":
        return (
            f"{len(todo)} questions to draft from {BY_RULE}{before}: there is no language model, "
            "since OPENAI_API_KEY is not set. They share their words with the passages, so that "
            "figures will be better than readers' questions give."
        )
    sent, answered = estimate(todo)
    return (
        f"{len(todo)} questions to draft by {model.name}{before}: "
        f"about {sent:,} tokens sent and {answered:,} answered."
    )


async def _ask(todo: list[Chunk], model: LanguageModel, writing: "_Writing", tell: Tell) -> None:
    done = 0
    try:
        async for _, made in drafted(todo, model):
            writing.add([made]) if isinstance(made, Draft) else writing.fail(made)
            done += 1
            if done % 10 == 0 or done == len(todo):
                tell(f"{done} of {len(todo)} asked")
    except ModelUnavailable:
        writing.stopped = True


class _Writing:
    """The set as it grows; each draft is in the files before the next is asked for."""

    def __init__(self, folder: Path, chunks: list[Chunk], found: DraftSet) -> None:
        self.stopped = False
        self._folder = folder
        self._set = write_set(folder, chunks, found)
        self._drafts: list[Draft] = []
        self._failures: Counter[str] = Counter()

    def add(self, drafts: list[Draft]) -> None:
        together = [*self._drafts, *drafts]
        kept = list(distinct(together))
        self._failures["asked already"] += len(together) - len(kept)
        self._set = self._set.with_drafts(kept[len(self._drafts) :])
        self._drafts = kept
        write_questions(self._folder, self._set)

    def fail(self, reason: Failure) -> None:
        self._failures[reason] += 1

    def made(self) -> Made:
        return Made(len(self._set.rows), len(self._drafts), +self._failures, stopped=self.stopped)
