"""What a question names word for word: identifiers, and words in quotation marks or backticks.

Who asks for `ROS_DOMAIN_ID` means that and nothing near it, however near it is. So chunks that hold
what is named are looked for by it alone, besides, and come before all others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from api_service.documents import Chunk, ScoredChunk
from api_service.embedders.bm25 import IDENTIFIER, folded, query_terms, words
from api_service.search_settings import Language
from api_service.vector_index import SparseVector

_QUOTED = re.compile(
    # None reaches over a second beginning: of many without an end, each would be read to the end.
    r'"([^"\n]+)"|\u201c([^\u201c\u201d\n]+)\u201d|\u201e([^\u201e\u201c\n]+)\u201c'
    r"|\u00ab([^\u00ab\u00bb\n]+)\u00bb|\u300c([^\u300c\u300d\n]+)\u300d|`([^`\n]+)`"
)
# ROS_DOMAIN_ID, std::vector, --flag, torch.compile; but not IL-2, follow-up, U.S. or 3.5, whose
# parts say what the whole says, and which count as terms like any other.
_EXACT = re.compile(r"_|::|^-|\w\w\.[^\W\d_]\w")


@dataclass(frozen=True, slots=True)
class Named:
    """What a question names.

    Attributes:
        identifiers: As the index folds them.
        phrases: Words that stand side by side, folded and parted by single spaces.
        terms: What finds the chunks that hold any of it.
    """

    identifiers: frozenset[str]
    phrases: frozenset[str]
    terms: SparseVector

    def __bool__(self) -> bool:
        return bool(self.terms.indices)

    def held_by(self, chunk: Chunk) -> int:
        """Return how many of them a chunk holds, its headings included."""
        text = chunk.searchable
        held = len(self.identifiers.intersection(map(folded, IDENTIFIER.findall(text))))
        if self.phrases:
            spaced = f" {_side_by_side(text)} "
            held += sum(f" {phrase} " in spaced for phrase in self.phrases)
        return held


def named_in(question: str, language: Language) -> Named:
    """Return what a question names; nothing, mostly."""
    quoted = [next(filter(None, found)) for found in _QUOTED.findall(question)]
    exact = [found for found in IDENTIFIER.findall(question) if _EXACT.search(found)]
    return Named(
        identifiers=frozenset(map(folded, exact)),
        phrases=frozenset(filter(None, map(_side_by_side, quoted))),
        terms=query_terms(" ".join([*exact, *quoted]), language)
        if exact or quoted
        else SparseVector((), ()),
    )


def first(
    named: Named, ranked: Sequence[ScoredChunk], besides: Sequence[ScoredChunk]
) -> list[ScoredChunk]:
    """Put the chunks that hold most of what is named first, each group as ranked.

    Args:
        named: What the question names.
        ranked: What the whole question found, best first.
        besides: What its names alone found; those not among the ranked come after them, if they
            hold a name, since they have no score of the same kind.

    Returns:
        The chunks with scores that tell this order: the best one's is added for each name held.
    """
    best = max((scored.score for scored in ranked), default=0.0) or 1.0
    known = {scored.chunk.id for scored in ranked}
    new = [replace(each, score=0.0) for each in besides if each.chunk.id not in known]
    raised = [
        (held, replace(scored, score=scored.score + held * best))
        for scored in (*ranked, *new)
        if (held := named.held_by(scored.chunk)) or scored.chunk.id in known
    ]
    return [scored for _, scored in sorted(raised, key=lambda one: -one[0])]


def _side_by_side(text: str) -> str:
    return " ".join(words(text)).casefold()
