"""The prompt: a file with one $name, filled with numbered sources and cut to a budget of tokens."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from string import Template

from api_service.documents import ScoredChunk
from api_service.llms import Prompt
from api_service.token_counts import count_tokens

BUDGET = 6000
"""Longest filled prompt, question included, in tokens of cl100k."""

_NAMES = ["sources"]
_CANARY = "canary"  # may be left out
# A text that spells the fence could end its own, or begin a source that is none.
_FENCE = re.compile(r"<(?=/?\s*source\b)", re.IGNORECASE)


class BadPromptFile(Exception):
    """The prompt file lacks a name, or holds one that nothing fills."""


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A prompt as it was read at start.

    Attributes:
        template: The text with its names.
        fingerprint: The first 12 hexadecimal digits of the text's SHA-256, logged with each answer.
        tokens: How many it has, its names included.
        canary: A mark of this process's own that is filled in for $canary. No answer holds it, or
            the model is saying what it was told.
    """

    template: Template
    fingerprint: str
    tokens: int
    canary: str


def read_prompt_file() -> PromptFile:
    """Return the prompt that answers are written by.

    Raises:
        BadPromptFile: A name is missing, unknown or misspelt.
    """
    return parse(files("api_service.chat").joinpath("prompts/answer.md").read_text("utf-8"))


def parse(text: str) -> PromptFile:
    """Return a prompt file of this text.

    Raises:
        BadPromptFile: A name is missing, unknown or misspelt.
    """
    template = Template(text)
    if not template.is_valid() or _names(template) != _NAMES:
        raise BadPromptFile(f"The prompt must hold these names and no other: {', '.join(_NAMES)}")
    return PromptFile(
        template=template,
        fingerprint=hashlib.sha256(text.encode()).hexdigest()[:12],
        tokens=count_tokens(text),
        canary=secrets.token_hex(8),
    )


def _names(template: Template) -> list[str]:
    return [name for name in template.get_identifiers() if name != _CANARY]


def fill(file: PromptFile, question: str, ranked: Sequence[ScoredChunk]) -> Prompt:
    """Return the prompt of a question, with as many of the best sources as the budget allows.

    The order is kept and the first source that does not fit ends the list, so a source's number is
    its rank. The first source is always there: a chunk is far smaller than the budget. What is left
    goes to what is joined to the sources, the best one's first.
    """
    left = BUDGET - file.tokens - count_tokens(question)
    costs: list[int] = []
    for number, scored in enumerate(ranked, start=1):
        cost = count_tokens(_fenced(number, _alone(scored)))
        if cost > left and costs:
            break
        left -= cost
        costs.append(cost)
    sources: list[ScoredChunk] = []
    for number, (scored, cost) in enumerate(zip(ranked, costs, strict=False), start=1):
        more = count_tokens(_fenced(number, scored)) - cost
        sources.append(scored if more <= left else _alone(scored))
        left -= more if more <= left else 0
    fenced = (_fenced(number, scored) for number, scored in enumerate(sources, start=1))
    return Prompt(
        instructions=file.template.substitute(canary=file.canary, sources="\n\n".join(fenced)),
        question=question,
        sources=tuple(sources),
    )


def _alone(scored: ScoredChunk) -> ScoredChunk:
    return replace(scored, before=(), after=())


def _fenced(number: int, scored: ScoredChunk) -> str:
    chunk = scored.chunk
    place = _FENCE.sub("&lt;", " > ".join(chunk.heading_path)).replace('"', "'")
    text = _FENCE.sub("&lt;", scored.passage)
    return f'<source n="{number}" place="{place}">\n{text}\n</source>'
