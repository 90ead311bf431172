"""What a question asks for: which words, what a thing is, or how something is done."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from api_service.embedders.bm25 import word_terms
from api_service.search_settings import DEFAULT_LANGUAGE, Language

_ASKS_WHAT = re.compile(
    r"\W*(?:(?:what|who)(?:['\u2019]s|\s+(?:is|are|was|were|does|do))|define|explain|describe)\s+"
    r"(?:an?\s+|the\s+)?(?P<subject>.+?)(?: (?:mean|stand for))?",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(
    r"\bhow\s+(?:do|can|could|should|would|to)\b|\b(?:steps|instructions)\s+(?:to|for)\b",
    re.IGNORECASE,
)
_COPULA = re.compile(
    r"\s(?:is|are|means?|refers? to|denotes?|stands? for|describes?)\s(?!not\b)", re.IGNORECASE
)
# Words about asking, not about what is asked.
_ASKING = (
    "explain describe define mean tell say give show please book chapter page difference work "
    "know understand want"
)
_SUBJECT_TERMS = 5  # a longer subject is a question of its own: "the best way to ..."
_ASIDE = re.compile(r"\s*\(([^)]*)\)")
# Where the noun that a predicate begins with has ended: "a benchmark | for models".
_NOUN_END = re.compile(
    r"[,;:(]|\b(?:that|which|who|for|of|with|without|in|on|at|from|to|by|as|than|using|built|based)\b"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as far as terms tell; terms are the ids BM25 gives them.

    Attributes:
        terms: All that it asks about; none when every word is a stop word.
        kind: "what" for "What is X?", "how" for "How do I ...?".
        subject: The terms of X in "What is X?", else none.
        language: Whose stems they are.
    """

    terms: frozenset[int]
    kind: Literal["what", "how", "other"]
    subject: frozenset[int]
    language: Language = DEFAULT_LANGUAGE


def terms_of(text: str, language: Language = DEFAULT_LANGUAGE) -> frozenset[int]:
    """Return the terms of a text, each once."""
    return word_terms(text, language)


def read(question: str, language: Language = DEFAULT_LANGUAGE) -> Asked:
    """Return what a question asks for; what it is and how it is done, in English only."""
    every = terms_of(question, language)
    about = (every - _asking(language)) or every
    if _ASKS_HOW.search(question):
        return Asked(about, "how", frozenset(), language)
    what = _ASKS_WHAT.fullmatch(_without_its_end(question))
    subject = terms_of(what["subject"], language) if what else frozenset()
    if subject and subject <= about and len(subject) <= _SUBJECT_TERMS:
        return Asked(about, "what", subject, language)
    return Asked(about, "other", frozenset(), language)


def _without_its_end(question: str) -> str:
    """Return a question without the signs it ends with, its words parted by single spaces.

    A pattern that ends with either tries each place of a long run of them as their beginning, and
    the event loop waits for it.
    """
    end = len(question)
    while end and not (question[end - 1].isalnum() or question[end - 1] == "_"):
        end -= 1
    return " ".join(question[:end].split())


@cache
def _asking(language: Language) -> frozenset[int]:
    return terms_of(_ASKING, language)


def defines(subject: frozenset[int], sentence: str, language: Language = DEFAULT_LANGUAGE) -> float:
    """Return how much a sentence says what the subject is, from 0 to 1.

    1 for "X is ...", "X, or Y, is ..." and "Y (X) is ...", less the more X is qualified; 0.4 for
    "Y is an X".
    """
    copula = _COPULA.search(sentence)
    if not copula:
        return 0.0
    named = sentence[: copula.start()]
    names = [_ASIDE.sub("", named).split(",")[0], *_ASIDE.findall(named)]
    named_terms = [terms_of(name, language) for name in names]
    known = [terms for terms in named_terms if subject <= terms]
    if known:
        return len(subject) / min(len(terms) for terms in known)
    noun = _NOUN_END.split(sentence[copula.end() :], maxsplit=1)[0]
    return 0.4 if subject <= terms_of(noun, language) else 0.0
