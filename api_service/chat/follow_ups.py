"""Follow-ups: questions that are not understood without what was asked before them.

Every search is made with the earlier questions beside the new one, their words counting less; that
needs no model and takes no time. Where the question leans on the conversation and there is a model,
it is asked meanwhile to put the question so that it stands alone.
"""

import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from api_service.chat.question import Turn
from api_service.llms import LanguageModel, Prompt, Usage
from api_service.llms.questions import read, terms_of
from api_service.problems import ModelUnavailable
from api_service.retrieval.context import Beside
from api_service.search_settings import Language

LAST_WEIGHT = 0.3
"""What a word of the question before counts in a search, where one of the question counts 1."""

EARLIER_WEIGHT = 0.2
"""The same for the questions before that one, divided by how many questions ago each was."""

LENGTH = 400
"""Longest question a model's answer is taken for, in characters."""

MOST = 4
"""Earlier questions that are searched for; more of them have gained nothing."""

_FEW = 2  # terms; a question of no more leaves out what it is about
_CHAIN = 3  # questions looked back through for one that stands alone

# Words that point back, where nothing follows that they could point at instead.
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|those|these|the same|others?"
    r"|which ones?|the (?:first|second|third|last|former|latter)(?: one)?|another one|there any"
    r"|(?:this|that) one|this (?:passage|sentence|paragraph|part|section|text|code|example|page)"
    r"|(?:does|is|was|did|about|like|of|than|with|for|explain) (?:this|that))\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\W*(?:and|but|or|so|also|then|what about|how about|why(?: not)?\W*$|which is|i mean|you said"
    r"|tell me more|more|another|in that case|what else|anything else)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A question as a model has put it.

    Attributes:
        text: So that it stands alone; as it was, if the model had nothing better.
        usage: What that took, if the model said.
    """

    text: str
    usage: Usage | None = None


def besides(history: Sequence[Turn]) -> tuple[Beside, ...]:
    """Return the earlier questions as they are searched for besides, the latest first."""
    asked = [turn.text for turn in reversed(history) if turn.role == "user"]
    return tuple(
        Beside(text, EARLIER_WEIGHT / ago if ago else LAST_WEIGHT)
        for ago, text in enumerate(asked[:MOST])
    )


def leans(message: str, language: Language) -> bool:
    """Tell whether a question needs what was said before it; words are known in English only.

    It does where it points back ("its range"), goes on ("and indoors?") or says hardly anything
    ("the drawbacks"); "What is a gait?" is short, and stands alone.
    """
    terms = terms_of(message, language)
    if not terms or _POINTS_BACK.search(message) or _GOES_ON.match(message):
        return True
    return len(terms) <= _FEW and read(message, language).kind != "what"


def standalone(message: str, history: Sequence[Turn], language: Language, passage: str = "") -> str:
    """Return the question with the words that it leans on; without a model.

    Those are a passage that is marked, or else the earlier questions. It reads like a heap of
    questions, and holds the terms of one that stands alone.
    """
    if not leans(message, language):
        return message
    if passage:
        return f"{passage} {message}"
    before: list[str] = []
    for turn in reversed(history):
        if turn.role == "user" and len(before) < _CHAIN:
            before.append(turn.text)
            if not leans(turn.text, language):
                break
    return " ".join([*reversed(before), message])


async def rewritten(prompt: Prompt, model: LanguageModel) -> Rewritten:
    """Return the question as a model puts it; as it was, where the model fails or says too much.

    Args:
        prompt: The question, with the prompt file of follow-ups, filled with the conversation;
            without sources, so that the book's own sentences say nothing in a model's place.
        model: Asked once.
    """
    text, usage = "", None
    try:
        async with aclosing(model.stream(prompt)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Usage):
                    usage = piece
                elif isinstance(piece, str) and len(text) <= LENGTH:
                    text += piece
    except ModelUnavailable:
        return Rewritten(prompt.question)  # the answer itself will tell whether the model is away
    text = " ".join(text.split()).strip("\"'`\u201c\u201d")
    return Rewritten(text if 0 < len(text) <= LENGTH else prompt.question, usage)
