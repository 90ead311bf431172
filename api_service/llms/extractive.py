"""Answers in the book's own words: the sentences that answer best, each with its source's number.

No model is asked. A sentence counts by how much of the question it holds (rare words more), how
well its section's heading fits, and, where the question asks what something is, whether it defines
it. Where the question asks how to do something, the section that fits best is quoted in a row.
"""

import math
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from api_service.documents import ScoredChunk
from api_service.embedders.bm25 import query_terms
from api_service.llms import NOTHING_FOUND, Mode, Prompt
from api_service.prose import sentences

LENGTH = 600
"""Longest answer in characters, markers not counted; one longer sentence may stand alone."""

SENTENCES = 5
"""Most sentences of an answer."""

_WORDS = range(5, 46)  # fewer hardly say anything, more are hardly read
_ENOUGH = 0.5  # the share of the question a source must hold to speak to it
_WORTH = 0.6  # a further sentence must be worth this share of the best one
_ALIKE = 0.7  # shared terms, of the shorter one, above which two sentences say the same
_FOLLOWING = 0.5  # what it is worth to continue a sentence already taken

_ASKS_WHAT = re.compile(
    r"^\W*(?:(?:what|who)(?:['\u2019]s|\s+(?:is|are|was|were|does|do))|define|explain|describe)\s+"
    r"(?:an?\s+|the\s+)?(?P<subject>.+?)(?:\s+(?:mean|stand for))?\W*$",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(
    r"\bhow\s+(?:do|can|could|should|would|to)\b|\b(?:steps|instructions)\b", re.IGNORECASE
)
_COPULA = re.compile(
    r"\s(?:is|are|means?|refers? to|denotes?|stands? for|describes?)\s(?!not\b)", re.IGNORECASE
)
# Words that point at a sentence before; alone, such a sentence is a riddle.
_LEANS = re.compile(
    r"(?:It|Its|This|That|These|Those|They|Their|He|She|Here|There|Both|Such|But|And|Or|So|Also|Thus"
    r"|Then|However|Therefore|Hence|Instead|Moreover|Furthermore|Similarly|Otherwise|For example"
    r"|For instance|In this|In that|In these|In contrast|As a result|On the other hand)\b",
)
_ABOUT_ASKING = "explain describe define mean tell give show please book chapter page work use"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence with what its worth is made of; terms are the ids BM25 gives them."""

    text: str
    source: int
    place: int
    block: int
    starts_block: bool
    step: int | None
    terms: frozenset[int]
    heading: frozenset[int]

    def follows(self, other: "_Candidate") -> bool:
        return (self.source, self.block, self.place) == (other.source, other.block, other.place + 1)


class ExtractiveModel:
    """Quotes the sources of a prompt."""

    name = "extractive:sentences"
    mode: Mode = "extractive"

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Yield the answer in one piece."""
        yield extract(prompt.question, prompt.sources)

    async def check(self) -> None:
        """There is no vendor to ask."""

    async def close(self) -> None:
        """There is nothing to let go of."""


def extract(question: str, sources: Sequence[ScoredChunk]) -> str:
    """Return the sentences of the sources that answer best, each followed by its marker [n].

    Args:
        question: The reader's own words.
        sources: Best first; source n is sources[n - 1].

    Returns:
        Two to five sentences where the sources have them, at most LENGTH characters, in the
        sources' reading order; NOTHING_FOUND when no source speaks to the question.
    """
    asked = _terms(question)
    asked = (asked - _terms(_ABOUT_ASKING)) or asked
    candidates = _relevant(asked, list(_candidates(sources)))
    if not candidates:
        return NOTHING_FOUND
    worth = _worth(question, asked, candidates)
    if _ASKS_HOW.search(question):
        chosen = _in_a_row(candidates, worth)
    else:
        chosen = _best(candidates, worth)
    return _written(chosen)


def _candidates(sources: Sequence[ScoredChunk]) -> Iterator[_Candidate]:
    for number, source in enumerate(sources, start=1):
        heading = _terms(" ".join(source.chunk.heading_path))
        begun = -1
        for place, sentence in enumerate(sentences(source.chunk.text)):
            starts_block, begun = sentence.block != begun, sentence.block
            whole = sentence.text.endswith((".", "!", ".)", "\u201d"))
            if whole or sentence.step is not None:
                yield _Candidate(
                    text=sentence.text if whole else f"{sentence.text}.",
                    source=number,
                    place=place,
                    block=sentence.block,
                    starts_block=starts_block,
                    step=sentence.step,
                    terms=_terms(sentence.text),
                    heading=heading,
                )


def _relevant(asked: frozenset[int], candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the candidates whose source, heading included, holds enough of the question."""
    held: dict[int, frozenset[int]] = {}
    for candidate in candidates:
        known = held.get(candidate.source, candidate.heading)
        held[candidate.source] = known | candidate.terms
    weights = _rarity(asked, candidates)
    return [
        candidate
        for candidate in candidates
        if _share(asked, held[candidate.source], weights) >= _ENOUGH
    ]


def _worth(
    question: str, asked: frozenset[int], candidates: Sequence[_Candidate]
) -> dict[_Candidate, float]:
    weights = _rarity(asked, candidates)
    subject = _subject(question)

    def of(candidate: _Candidate) -> float:
        held = _share(asked, candidate.terms, weights)
        titled = _share(asked, candidate.heading, weights)
        words = len(candidate.text.split())
        return (
            held
            + 0.4 * titled
            + 0.3 / candidate.source
            + (_defines(subject, candidate.text) if subject else 0.0)
            + (0.1 if candidate.place == 0 else 0.0)
            - (0.0 if words in _WORDS else 0.4)
        )

    return {candidate: of(candidate) for candidate in candidates}


def _best(candidates: Sequence[_Candidate], worth: Mapping[_Candidate, float]) -> list[_Candidate]:
    """Take the best sentence again and again, each time in the light of those taken."""
    chosen: list[_Candidate] = []

    def now(candidate: _Candidate) -> float:
        follows = any(candidate.follows(taken) for taken in chosen)
        if _LEANS.match(candidate.text) and not follows:
            return 0.0
        if any(_similarity(candidate, taken) > _ALIKE for taken in chosen):
            return 0.0
        return worth[candidate] + (_FOLLOWING if follows else 0.0)

    while len(chosen) < SENTENCES:
        rest = [each for each in candidates if each not in chosen and _fits(each, chosen)]
        best = max(rest, key=now, default=None)
        if best is None or now(best) <= (_WORTH * worth[chosen[0]] if chosen else 0.0):
            break
        chosen.append(best)
    return chosen


def _in_a_row(
    candidates: Sequence[_Candidate], worth: Mapping[_Candidate, float]
) -> list[_Candidate]:
    """Take the best sentence and those after it; from within a list of steps, from its first."""
    best = max(candidates, key=lambda candidate: worth[candidate])
    section = [each for each in candidates if each.source == best.source]
    start = section.index(best)
    while start and (
        _LEANS.match(section[start].text)
        or (section[start].step is not None and section[start - 1].step is not None)
    ):
        start -= 1
    chosen: list[_Candidate] = []
    for candidate in section[start:]:
        if len(chosen) == SENTENCES or not _fits(candidate, chosen):
            break
        chosen.append(candidate)
    return chosen


def _fits(candidate: _Candidate, chosen: Sequence[_Candidate]) -> bool:
    return not chosen or len(candidate.text) + sum(len(each.text) for each in chosen) <= LENGTH


def _written(chosen: Sequence[_Candidate]) -> str:
    """Return the text: the best sentence's source first, each source in its own order."""
    ranks = {each.source: rank for rank, each in reversed(list(enumerate(chosen)))}
    text = ""
    for each in sorted(chosen, key=lambda each: (ranks[each.source], each.place)):
        if each.step is not None:
            text += f"\n{each.step}. " if each.starts_block else " "
        else:
            text += " "
        text += f"{each.text} [{each.source}]"
    return text.strip()


def _terms(text: str) -> frozenset[int]:
    return frozenset(query_terms(text).indices)


def _rarity(asked: frozenset[int], candidates: Sequence[_Candidate]) -> dict[int, float]:
    """Return the inverse document frequency of each term asked for, among the candidates."""
    counts = Counter(term for candidate in candidates for term in candidate.terms & asked)
    total = len(candidates)
    return {
        term: math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5)) for term in asked
    }


def _share(asked: frozenset[int], held: frozenset[int], weights: Mapping[int, float]) -> float:
    """Return how much of what is asked for is held, by weight, from 0 to 1."""
    return sum(weights[term] for term in asked & held) / sum(weights.values())


def _similarity(one: _Candidate, other: _Candidate) -> float:
    shared = len(one.terms & other.terms)
    return shared / max(1, min(len(one.terms), len(other.terms)))


def _subject(question: str) -> frozenset[int]:
    """Return the terms of X in "What is X?", none for another kind of question."""
    asks = _ASKS_WHAT.match(question)
    return _terms(asks["subject"]) if asks else frozenset()


def _defines(subject: frozenset[int], text: str) -> float:
    """Return 1 for "X is ...", less the more X is qualified, 0.4 for "Y is an X", else 0."""
    copula = _COPULA.search(text)
    if not copula:
        return 0.0
    before = _terms(text[: copula.start()])
    if subject <= before:
        return len(subject) / len(before)
    after = " ".join(text[copula.end() :].split()[:10])
    return 0.4 if subject <= _terms(after) else 0.0
