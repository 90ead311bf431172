"""What a question asks for: which words, what a thing is, or how something is done."""

import re
from dataclasses import dataclass
from typing import Literal

from api_service.embedders.bm25 import query_terms

_ASKS_WHAT = re.compile(
    r"\W*(?:(?:what|who)(?:['\u2019]s|\s+(?:is|are|was|were|does|do))|define|explain|describe)\s+"
    r"(?:an?\s+|the\s+)?(?P<subject>.+?)(?:\s+(?:mean|stand for))?\W*",
    re.IGNORECASE | re.DOTALL,
)
_ASKS_HOW = re.compile(
    r"\bhow\s+(?:do|can|could|should|would|to)\b|\b(?:steps|instructions)\s+(?:to|for)\b",
    re.IGNORECASE,
)
_COPULA = re.compile(
    r"\s(?:is|are|means?|refers? to|denotes?|stands? for|describes?)\s(?!not\b)", re.IGNORECASE
)
# Words about asking, not about what is asked.
_ASKING = "explain describe define mean tell give show please book chapter page difference work"
_SUBJECT_TERMS = 5  # a longer subject is a question of its own: "the best way to ..."
_PREDICATE_WORDS = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as far as terms tell; terms are the ids BM25 gives them.

    Attributes:
        terms: All that it asks about; none when every word is a stop word.
        kind: "what" for "What is X?", "how" for "How do I ...?".
        subject: The terms of X in "What is X?", else none.
    """

    terms: frozenset[int]
    kind: Literal["what", "how", "other"]
    subject: frozenset[int]


def terms_of(text: str) -> frozenset[int]:
    """Return the terms of a text, each once."""
    return frozenset(query_terms(text).indices)


def read(question: str) -> Asked:
    """Return what a question asks for."""
    every = terms_of(question)
    about = (every - terms_of(_ASKING)) or every
    if _ASKS_HOW.search(question):
        return Asked(about, "how", frozenset())
    what = _ASKS_WHAT.fullmatch(question)
    subject = terms_of(what["subject"]) if what else frozenset()
    if subject and subject <= about and len(subject) <= _SUBJECT_TERMS:
        return Asked(about, "what", subject)
    return Asked(about, "other", frozenset())


def defines(subject: frozenset[int], sentence: str) -> float:
    """Return how much a sentence says what the subject is, from 0 to 1.

    1 for "X is ...", less the more X is qualified; 0.4 for "Y is an X".
    """
    copula = _COPULA.search(sentence)
    if not copula:
        return 0.0
    before = terms_of(sentence[: copula.start()])
    if subject <= before:
        return len(subject) / len(before)
    predicate = " ".join(sentence[copula.end() :].split()[:_PREDICATE_WORDS])
    return 0.4 if subject <= terms_of(predicate) else 0.0
