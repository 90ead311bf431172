"""Whether what was found is enough to answer from; where it is not, no model is asked.

Scores of a search compare within that search only, and their scale is the fusion's, the embedder's
or the reranker's. So the gate reads the passages: how much of the question does the best one hold?
Where meaning was compared, too, it counts besides how far the nearest passage stands out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from api_service.chat.refusals import refused_in
from api_service.chat.support import terms_told
from api_service.documents import ScoredChunk
from api_service.llms.questions import read
from api_service.retrieval.retriever import Retriever
from api_service.vector_index import Found

ENOUGH = 0.4
"""Of what a question asks about, its rare terms counting more, the part that one passage must hold.
This and the next are chosen on questions of one set to another's passages: docs/decisions/0025."""

ENOUGH_BY_BOTH = 0.65
"""The same where meaning was compared, with the prominence of the nearest passage added."""

PROMINENT = 0.4
"""Prominence that is enough by itself, as for a question in another language than the book's."""

NEAREST = 3
"""Most sections a refusal leads to."""

_MARKUP = re.compile(r"([\\`*_\[\]<()#!|~])")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for answering a question.

    Attributes:
        share: How much of it the passage that holds most of it holds, from 0 to 1.
        prominence: How far the nearest passage stands out, 0 to 1; None where meaning was not
            compared, or too few passages were.
    """

    share: float
    prominence: float | None = None

    @property
    def enough(self) -> bool:
        """Whether it is enough to answer from."""
        return self.reaches(ENOUGH if self.prominence is None else ENOUGH_BY_BOTH)

    def reaches(self, threshold: float) -> bool:
        """Return whether it would be, by another threshold."""
        prominence = self.prominence or 0.0
        return prominence >= PROMINENT or self.share + prominence >= threshold


def weighed(asked: Iterable[str], found: Found, retriever: Retriever) -> Evidence:
    """Return what speaks for answering a question from what was found.

    Args:
        asked: The question, as it was put and so that it stands alone: what speaks most counts.
        found: What it brought; nothing is no evidence.
        retriever: What it was found with; knows the book's words once they are read, before which
            all terms count alike.
    """
    if not found.chunks:
        return Evidence(0.0)
    shares = (_share(question, found.chunks, retriever) for question in set(asked))
    return Evidence(max(shares), found.prominence)


def nearest(found: Sequence[ScoredChunk]) -> Iterator[tuple[int, ScoredChunk]]:
    """Yield the first passage of each of the best sections, and its number from 1."""
    places: set[str] = set()
    for n, scored in enumerate(found, start=1):
        place = link(scored)
        if place not in places and len(places) < NEAREST:
            places.add(place)
            yield n, scored


def refusal(sections: Sequence[ScoredChunk], question: str) -> str:
    """Return what is said instead of an answer, in Markdown with links to the nearest sections.

    Args:
        sections: The nearest, best first.
        question: In whose language it is said, where that is known.
    """
    nothing, nearest_come = refused_in(question)
    if not sections:
        return nothing
    links = (f"- [{_name(scored)}]({link(scored)})" for scored in sections)
    return f"{nothing} {nearest_come}\n\n" + "\n".join(links)


def link(scored: ScoredChunk) -> str:
    """Return the address of a section, safe between the parentheses of a Markdown link."""
    url = quote(scored.chunk.url, safe="%/:?#[]@!$&'*+,;=~")
    anchor = quote(scored.chunk.anchor, safe="%/:?@!$&'*+,;=~")
    return f"{url}#{anchor}" if anchor else url


def _share(question: str, found: Sequence[ScoredChunk], retriever: Retriever) -> float:
    vocabulary = retriever.spelling.vocabulary if retriever.spelling else None
    spelt = vocabulary.corrected(question) if vocabulary else question
    asked = read(spelt, retriever.language).terms
    weights = {term: vocabulary.rarity(term) if vocabulary else 1.0 for term in asked}
    total = sum(weights.values())
    most = 0.0
    for scored in found:
        held = asked & terms_told(scored, retriever.language)
        if held == asked:  # no other holds more
            most = total
            break
        most = max(most, sum(map(weights.__getitem__, held)))
    return most / total if total else 0.0


def _name(scored: ScoredChunk) -> str:
    headings = scored.chunk.heading_path or (scored.chunk.title,)
    return _MARKUP.sub(r"\\\1", " ".join(" > ".join(headings).split()))
