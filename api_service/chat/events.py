"""What happens while an answer comes about, in this order; each voice spells the same events.

    Meta        who answers; again where it is another in the end
    Sources     what the answer is written from, numbered
    Delta       the next words                      } as often as there are any,
    Citation    a marker in the words so far        } a Citation after the Delta it ends in
    Done        the whole of it: sources cited, usage, times

An answer that fails raises a Problem instead of going on; what comes of it is the voice's to say.
"""

from dataclasses import dataclass, field

from api_service.documents import ScoredChunk
from api_service.llms import Mode, Usage
from api_service.vector_index import Retrieval


@dataclass(frozen=True, slots=True)
class Meta:
    """Who answers, as far as it is known before the first word.

    Attributes:
        model: The "vendor:model".
        mode: How the answer comes about.
    """

    model: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class Sources:
    """What the answer is written from.

    Attributes:
        considered: Source n is considered[n - 1].
        retrieval: How they were found.
        reranked: Whether a reranker has put them in their order.
    """

    considered: tuple[ScoredChunk, ...]
    retrieval: Retrieval
    reranked: bool


@dataclass(frozen=True, slots=True)
class Delta:
    """The next words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A statement and the source it cites.

    Attributes:
        n: The source's number.
        start: Where the cited statement begins in the answer, in characters.
        end: Where it ends, its marker included.
        supported: Whether the source says what is stated, as far as can be checked.
    """

    n: int
    start: int
    end: int
    supported: bool


@dataclass(frozen=True, slots=True)
class Timings:
    """How long it took, in milliseconds from the question.

    Attributes:
        retrieval: Until the sources were found.
        first_token: Until the first word of the answer; None where nobody was asked for one.
        total: Until the end.
    """

    retrieval: float
    first_token: float | None
    total: float


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete.

    Attributes:
        sources: Those the answer cites, by the number it cites them with, in that order; where it
            is refused, the sections that come nearest.
        considered: All it was written from: source n is considered[n - 1].
        refused: Whether the book does not cover the question, so that nobody was asked.
        model: The "vendor:model" that answered.
        mode: How the answer came about.
        retrieval: How the sources were found.
        reranked: Whether a reranker has put them in their order.
        timings: How long it took.
        usage: What it cost in tokens; None where no model was asked, or one did not say.
        citations: Every one of the answer.
    """

    sources: tuple[tuple[int, ScoredChunk], ...]
    considered: tuple[ScoredChunk, ...]
    refused: bool
    model: str
    mode: Mode
    retrieval: Retrieval
    reranked: bool
    timings: Timings
    usage: Usage | None = None
    citations: tuple[Citation, ...] = field(default=())

    @property
    def unasked(self) -> bool:
        """Whether no model was asked for the answer itself."""
        return self.mode == "extractive" or self.timings.first_token is None


Event = Meta | Sources | Delta | Citation | Done
