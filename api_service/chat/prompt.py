"""The prompt: files with $names, filled with what is known, within a budget of tokens.

`prompts/answer.md` is the whole of it. What only some questions have, as a conversation before
them, is a file of its own that takes its place there or is left out. All that comes from readers
and from the book stands between tags, none of which it can end.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from string import Template

from api_service.chat.history import recent
from api_service.chat.profile import described
from api_service.chat.question import Question, Turn
from api_service.chat.selection import marked
from api_service.documents import ScoredChunk
from api_service.llms import Prompt
from api_service.token_counts import count_tokens, passage_tokens

BUDGET = 6000
"""Longest filled prompt, question included, in tokens of cl100k."""

FOLLOW_UP_BUDGET = 1500
"""Longest of what a model is told that puts a question anew, the question itself left out."""

NAMES: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"reader", "conversation", "selection", "sources"}),
    "reader": frozenset({"claims"}),
    "conversation": frozenset({"turns"}),
    "selection": frozenset({"passage"}),
    "follow_up": frozenset({"conversation"}),
}
"""The files, and the names each must hold."""

_CANARY = "canary"  # a name of the answer's file that may be left out

# A text that spells a tag of ours could end its own, or begin another.
_TAG = re.compile(r"<(?=/?\s*(?:source|reader|conversation|turn|marked)\b)", re.IGNORECASE)


class BadPromptFile(Exception):
    """The prompt file lacks a name, or holds one that nothing fills."""


@dataclass(frozen=True, slots=True)
class PromptFile:
    """The prompt as it was read at start, from all its files.

    Attributes:
        templates: The texts with their names, by the names of their files.
        fingerprint: The first 12 hexadecimal digits of the texts' SHA-256, logged with each answer.
        tokens: How many the answer's file has, its names included.
        canary: A mark of this process's own that is filled in for $canary. No answer holds it, or
            the model is saying what it was told.
    """

    templates: Mapping[str, Template]
    fingerprint: str
    tokens: int
    canary: str

    @property
    def rules(self) -> str:
        """What a model is told that answers, before anything is filled in."""
        parts = (self.templates[name].template for name in NAMES if name != "follow_up")
        return "\n\n".join(parts)


def read_prompt_file() -> PromptFile:
    """Return the prompt that answers are written by.

    Raises:
        BadPromptFile: A name is missing, unknown or misspelt.
    """
    folder = files("api_service.chat").joinpath("prompts")
    return parse({name: folder.joinpath(f"{name}.md").read_text("utf-8") for name in NAMES})


def parse(texts: Mapping[str, str]) -> PromptFile:
    """Return the prompt of these texts, by the names of their files.

    Raises:
        BadPromptFile: A name is missing, unknown or misspelt.
    """
    templates = {name: Template(text) for name, text in texts.items()}
    for name, template in templates.items():
        found = template.get_identifiers() if template.is_valid() else []
        found = [each for each in found if (name, each) != ("answer", _CANARY)]
        if sorted(found) != sorted(NAMES[name]):
            known = ", ".join(sorted(NAMES[name]))
            raise BadPromptFile(f"{name}.md must hold these names and no other: {known}")
    whole = "\0".join(texts[name] for name in sorted(texts))
    return PromptFile(
        templates=templates,
        fingerprint=hashlib.sha256(whole.encode()).hexdigest()[:12],
        tokens=count_tokens(texts["answer"]),
        canary=secrets.token_hex(8),
    )


def fill(
    file: PromptFile, question: Question, ranked: Sequence[ScoredChunk], standalone: str = ""
) -> Prompt:
    """Return the prompt of a question, with as many of the best sources as the budget allows.

    The order is kept and the first source that does not fit ends the list, so a source's number is
    its rank. The first source is always there: a chunk is far smaller than the budget. What is left
    goes to what is joined to the sources, the best one's first.
    """
    parts = {
        "reader": _part(file, "reader", claims=described(question.reader)),
        "conversation": _conversation(file, recent(question.history)),
        "selection": _part(file, "selection", passage=marked(question.selected_text)),
    }
    known = (*parts.values(), question.message)
    left = BUDGET - file.tokens - sum(count_tokens(text) for text in known)
    sources = _fitting(ranked, left)
    fenced = (_fenced(number, scored) for number, scored in enumerate(sources, start=1))
    filled = {**parts, "sources": "\n\n".join(fenced), _CANARY: file.canary}
    return Prompt(
        instructions=_filled(file.templates["answer"], filled),
        question=question.message,
        sources=sources,
        standalone=standalone,
    )


def fill_follow_up(file: PromptFile, earlier: Sequence[Turn]) -> str:
    """Return what a model is told that is to put a question so that it stands alone.

    Args:
        file: The prompt.
        earlier: What was said before, as much as is read of it.
    """
    return _filled(file.templates["follow_up"], {"conversation": _conversation(file, earlier)})


def _conversation(file: PromptFile, earlier: Sequence[Turn]) -> str:
    turns = (
        f'<turn by="{"reader" if turn.role == "user" else "companion"}">\n'
        f"{_TAG.sub('&lt;', turn.text)}\n</turn>"
        for turn in earlier
    )
    return _part(file, "conversation", fenced=True, turns="\n".join(turns))


def _part(file: PromptFile, name: str, *, fenced: bool = False, **values: str) -> str:
    """Return a part filled with its one value, "" where there is none."""
    ((slot, value),) = values.items()
    if not value:
        return ""
    return _filled(file.templates[name], {slot: value if fenced else _TAG.sub("&lt;", value)})


def _filled(template: Template, values: Mapping[str, str]) -> str:
    """Return a text with its names filled; one with nothing to say goes with its empty line."""
    text = template.template
    for name, value in values.items():
        if not value:
            text = text.replace(f"${name}\n\n", "")
    return Template(text).substitute(values).strip()


def _fitting(ranked: Sequence[ScoredChunk], left: int) -> tuple[ScoredChunk, ...]:
    """Return the sources that fit into so many tokens, with as much joined to them as fits too."""
    # Counting takes its time, and a reader waits: most often all of it fits by far.
    fenced = [_fenced(number, scored) for number, scored in enumerate(ranked, start=1)]
    if sum(map(_most_tokens, fenced, ranked)) <= left:
        return tuple(ranked)
    if count_tokens("\n\n".join(fenced)) <= left:
        return tuple(ranked)
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
    return tuple(sources)


def _most_tokens(fenced: str, scored: ScoredChunk) -> int:
    """Return what a source takes at most: its texts, and a token for each byte around them."""
    texts = [each.text for each in (*scored.before, scored.chunk, *scored.after)]
    around = len(f"{fenced}\n\n".encode()) - sum(len(text.encode()) for text in texts)
    return around + sum(map(passage_tokens, texts))


def _alone(scored: ScoredChunk) -> ScoredChunk:
    return replace(scored, before=(), after=())


def _fenced(number: int, scored: ScoredChunk) -> str:
    chunk = scored.chunk
    place = _TAG.sub("&lt;", " > ".join(chunk.heading_path)).replace('"', "'")
    text = _TAG.sub("&lt;", scored.passage)
    return f'<source n="{number}" place="{place}">\n{text}\n</source>'
