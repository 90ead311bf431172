"""Answers in the book's own words: the sentences that answer best, each with its source's number.

No model is asked. A sentence counts by how much of the question it holds (rare words more), how
well its section's heading fits, and, where the question asks what something is, whether it says so.
Where the question asks how to do something, the section that fits best is quoted in a row.
"""

import math
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from api_service.documents import ScoredChunk
from api_service.llms import Mode, Prompt, Usage
from api_service.llms.questions import Asked, defines, read, terms_of
from api_service.prose import sentences
from api_service.search_settings import DEFAULT_LANGUAGE, Language

LENGTH = 600
"""Longest answer in characters, markers not counted; one longer sentence may stand alone."""

SENTENCES = 5
"""Most sentences of an answer."""

_WORDS = range(5, 46)  # fewer hardly say anything, more are hardly read
_ENOUGH = {"what": 0.5, "how": 0.34, "other": 0.34}  # of the question, for a source to be heard
_WORTH = (0.0, 0.4, 0.55)  # of the first sentence's worth, for the first, second, third and later
_FOLLOWING = 0.9  # what continues a sentence taken speaks to the question this much as that one
_ALIKE = 0.7  # shared terms, of the shorter one, above which two sentences say the same

# Words that point at a sentence before; alone, such a sentence is a riddle.
_LEANS = re.compile(
    r"(?:It|Its|This|That|These|Those|They|Their|He|She|Here|There|Both|Such|But|And|Or|So|Also|Thus"
    r"|Then|However|Therefore|Hence|Instead|Moreover|Furthermore|Similarly|Otherwise|For example"
    r"|For instance|In this|In that|In these|In contrast|As a result|On the other hand|The same)\b"
)
# Words that send the reader elsewhere instead of answering.
_POINTS = re.compile(
    r"(?:For (?:more|further|details|a )|See|Refer to|Check|Visit|Read|Figure \d|Table \d)\b"
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence and where it stands; terms are the ids BM25 gives them."""

    text: str
    source: int
    place: int
    block: int
    step: int | None
    terms: frozenset[int]
    heading: frozenset[int]

    def follows(self, other: "_Candidate") -> bool:
        return (self.source, self.block, self.place) == (other.source, other.block, other.place + 1)


class ExtractiveModel:
    """Quotes the sources of a prompt.

    Args:
        language: The book's.
    """

    name = "extractive:sentences"
    mode: Mode = "extractive"

    def __init__(self, language: Language = DEFAULT_LANGUAGE) -> None:
        self._language: Language = language

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | Usage]:
        """Yield the answer in one piece; nothing where no source speaks to the question."""
        for asked in dict.fromkeys((prompt.standalone or prompt.question, prompt.question)):
            if answer := extract(asked, prompt.sources, self._language):
                yield answer
                return

    async def check(self) -> None:
        """Do nothing: there is no vendor to ask."""

    async def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


def extract(
    question: str, sources: Sequence[ScoredChunk], language: Language = DEFAULT_LANGUAGE
) -> str:
    """Return the sentences of the sources that answer best, each followed by its marker [n].

    Args:
        question: The reader's own words.
        sources: Best first; source n is sources[n - 1].
        language: The book's, whose stems tell which words are the same.

    Returns:
        Two to five sentences where the sources have them, at most LENGTH characters, in the
        sources' reading order; "" when no source speaks to the question.
    """
    asked = read(question, language)
    candidates = _heard(asked, list(_candidates(sources, language)))
    if not candidates:
        return ""
    weights = _rarity(asked.terms, candidates)
    held = {each: _share(each.terms, weights) for each in candidates}
    merit = {each: _merit(asked, each, weights) for each in candidates}
    if asked.kind == "how":
        return _steps(_in_a_row(held, merit))
    return _prose(_best(held, merit))


def _candidates(sources: Sequence[ScoredChunk], language: Language) -> Iterator[_Candidate]:
    for number, source in enumerate(sources, start=1):
        heading = terms_of(" ".join(source.chunk.heading_path), language)
        for place, sentence in enumerate(sentences(source.section_passage)):
            whole = sentence.text.endswith((".", "!", ".)", "\u201d"))
            if whole or sentence.step is not None:
                yield _Candidate(
                    text=sentence.text if whole else f"{sentence.text}.",
                    source=number,
                    place=place,
                    block=sentence.block,
                    step=sentence.step,
                    terms=terms_of(sentence.text, language),
                    heading=heading,
                )


def _heard(asked: Asked, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the candidates of the sources that speak to the question.

    A source must hold enough of its terms, heading included, and not only scattered: one sentence
    with the heading must hold as many, or three.
    """
    wanted = asked.subject or asked.terms
    enough = max(min(2, len(wanted)), math.ceil(_ENOUGH[asked.kind] * len(wanted)))
    whole: dict[int, frozenset[int]] = {}
    together: Counter[int] = Counter()
    for each in candidates:
        whole[each.source] = whole.get(each.source, each.heading) | each.terms
        held = len((each.heading | each.terms) & wanted)
        together[each.source] = max(together[each.source], held)
    heard = {
        source
        for source, terms in whole.items()
        if wanted and len(terms & wanted) >= enough and together[source] >= min(enough, 3)
    }
    return [each for each in candidates if each.source in heard]


def _merit(asked: Asked, candidate: _Candidate, weights: Mapping[int, float]) -> float:
    """Return what speaks for a sentence whatever else is chosen, beside the terms it holds."""
    return (
        0.4 * _share(candidate.heading, weights)
        + 0.3 / candidate.source
        + (defines(asked.subject, candidate.text, asked.language) if asked.subject else 0.0)
        - (0.0 if len(candidate.text.split()) in _WORDS else 0.4)
        - (0.4 if candidate.step is not None and asked.kind != "how" else 0.0)
        - (0.4 if _POINTS.match(candidate.text) else 0.0)
    )


def _best(held: Mapping[_Candidate, float], merit: Mapping[_Candidate, float]) -> list[_Candidate]:
    """Take the best sentence again and again, each time in the light of those taken."""
    taken: dict[_Candidate, float] = {}

    def speaks(candidate: _Candidate) -> float:
        before = max((taken[each] for each in taken if candidate.follows(each)), default=0.0)
        if any(_alike(candidate, each) for each in taken):
            return 0.0
        if _LEANS.match(candidate.text):
            return _FOLLOWING * before
        return max(held[candidate], _FOLLOWING * before)

    first = 0.0
    while len(taken) < SENTENCES:
        rest = [
            (spoken + merit[each], spoken, each)
            for each in held
            if each not in taken and _fits(each, taken) and (spoken := speaks(each)) > 0
        ]
        worth, spoken, best = max(rest, key=lambda one: one[0], default=(0.0, 0.0, None))
        if best is None or worth <= _WORTH[min(len(taken), 2)] * first:
            break
        taken[best] = spoken
        first = first or worth
    return list(taken)


def _in_a_row(
    held: Mapping[_Candidate, float], merit: Mapping[_Candidate, float]
) -> list[_Candidate]:
    """Take the best sentence and those after it; from within a list of steps, from its first."""
    best = max(held, key=lambda each: held[each] + merit[each])
    section = [each for each in held if each.source == best.source]
    start = section.index(best)
    while start and (
        _LEANS.match(section[start].text)
        or (section[start].step is not None and section[start - 1].step is not None)
    ):
        start -= 1
    taken: list[_Candidate] = []
    for each in section[start : start + SENTENCES]:
        if not _fits(each, taken):
            break
        taken.append(each)
    return taken


def _fits(candidate: _Candidate, taken: Iterable[_Candidate]) -> bool:
    length = sum(len(each.text) for each in taken)
    return not length or length + len(candidate.text) <= LENGTH


def _prose(taken: Sequence[_Candidate]) -> str:
    """Return the text: the first taken one's source first, each source in its own order."""
    order = list(dict.fromkeys(each.source for each in taken))
    ordered = sorted(taken, key=lambda each: (order.index(each.source), each.place))
    return " ".join(f"{each.text} [{each.source}]" for each in ordered)


def _steps(taken: Sequence[_Candidate]) -> str:
    """Return the text with each numbered step on a line of its own."""
    text, block = "", -1
    for each in taken:
        numbered = each.step is not None and each.block != block
        text += f"\n{each.step}. " if numbered else " "
        text += f"{each.text} [{each.source}]"
        block = each.block
    return text.strip()


def _rarity(terms: frozenset[int], candidates: Sequence[_Candidate]) -> dict[int, float]:
    """Return the inverse document frequency of each term among the candidates, summing to 1."""
    counts = Counter(term for each in candidates for term in each.terms & terms)
    total = len(candidates)
    rarity = {
        term: math.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5)) for term in terms
    }
    return {term: value / sum(rarity.values()) for term, value in rarity.items()}


def _share(held: frozenset[int], weights: Mapping[int, float]) -> float:
    """Return how much of what is asked for is held, from 0 to 1."""
    return sum(weights[term] for term in weights.keys() & held)


def _alike(one: _Candidate, other: _Candidate) -> bool:
    return len(one.terms & other.terms) > _ALIKE * min(len(one.terms), len(other.terms))
