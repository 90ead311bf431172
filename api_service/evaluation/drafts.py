"""Questions drafted from a book's chunks, for its owner to correct: by a model, or by rule.

A draft by a model counts only where the words it says answer the question stand in the chunk. By
rule, headings become questions: they share their words with what they head, so that every search
finds them more easily than what readers ask.
"""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from api_service.documents import Chunk
from api_service.evaluation.source import words
from api_service.llms import LanguageModel, Prompt
from api_service.llms.questions import defines, terms_of
from api_service.problems import ModelUnavailable
from api_service.prose import sentences
from api_service.token_counts import count_tokens

ANSWER_SECONDS = 60.0
"""Longest wait for one draft."""

ANSWER_TOKENS = 80
"""What a draft takes, for the estimate: a question and a quote."""

BY_RULE = "headings, by rule"

_CONCURRENT = 4
_PATIENCE = 5  # times in a row that the model does not answer, after which nothing more is asked
_WORDS = 20  # of prose; a chunk of fewer hardly answers anything
_QUESTION = range(8, 400)  # characters
_HOW_TO = re.compile(r"how to\s+(?P<rest>\S.*)", re.IGNORECASE)
_DEFINES = 0.8
_NUMBER = re.compile(r"^[\W_]*\d+(?:\.\d+)*[.):]?\s+")

Failure = Literal["unanswered", "malformed", "not grounded"]
"""Why there is no draft: the model did not answer, not in the form asked for, or from elsewhere."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that a chunk answers.

    Attributes:
        chunk: The chunk.
        question: Not yet read by anybody.
        quote: The chunk's words that answer it; "" by rule.
        by: The model's name, or BY_RULE.
    """

    chunk: Chunk
    question: str
    quote: str
    by: str


def sampled(chunks: Sequence[Chunk], count: int, seed: int) -> list[Chunk]:
    """Return chunks with enough prose, spread evenly over the pages, no section twice.

    One of each page is taken, in an order by chance, then a second one of each, and so on.

    Args:
        chunks: Of the whole book.
        count: How many; fewer where there are no more sections.
        seed: The same sample for the same chunks.
    """
    chance = random.Random(seed)  # noqa: S311 -- a sample, no secret
    pages: dict[str, dict[str, list[Chunk]]] = {}
    for chunk in chunks:
        if chunk.heading_path and _prose_words(chunk) >= _WORDS:
            pages.setdefault(chunk.path, {}).setdefault(chunk.anchor, []).append(chunk)
    order = sorted(pages)
    chance.shuffle(order)
    queues: list[list[Chunk]] = []
    for path in order:
        queue = [chance.choice(section) for section in pages[path].values()]
        chance.shuffle(queue)
        queues.append(queue)
    rounds = (queue[turn] for turn in range(count) for queue in queues if turn < len(queue))
    return [chunk for chunk, _ in zip(rounds, range(count), strict=False)]


def _prose_words(chunk: Chunk) -> int:
    return sum(len(sentence.text.split()) for sentence in sentences(chunk.text))


def estimate(chunks: Sequence[Chunk]) -> tuple[int, int]:
    """Return the tokens a model will about be sent, and will about send, for drafts of these."""
    rules = count_tokens(_rules())
    return sum(rules + count_tokens(_passage(chunk)) for chunk in chunks), len(
        chunks
    ) * ANSWER_TOKENS


async def drafted(
    chunks: Sequence[Chunk], model: LanguageModel
) -> AsyncIterator[tuple[Chunk, Draft | Failure]]:
    """Yield for each chunk a draft by the model, or why there is none, a few at a time.

    Raises:
        ModelUnavailable: It did not answer again and again; nothing more is asked.
    """
    rules = _rules()
    silent = 0
    for start in range(0, len(chunks), _CONCURRENT):
        batch = chunks[start : start + _CONCURRENT]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_draft(chunk, model, rules)) for chunk in batch]
        for chunk, task in zip(batch, tasks, strict=True):
            made = task.result()
            silent = silent + 1 if made == "unanswered" else 0
            yield chunk, made
        if silent >= _PATIENCE:
            raise ModelUnavailable("The model does not answer.")


async def _draft(chunk: Chunk, model: LanguageModel, rules: str) -> Draft | Failure:
    prompt = Prompt(instructions=rules, question=_passage(chunk), sources=())
    try:
        async with asyncio.timeout(ANSWER_SECONDS), aclosing(model.stream(prompt)) as pieces:
            reply = "".join([piece async for piece in pieces if isinstance(piece, str)])
    except (ModelUnavailable, TimeoutError):
        return "unanswered"
    return read_reply(reply, chunk, model.name)


def read_reply(reply: str, chunk: Chunk, by: str) -> Draft | Failure:
    """Return the draft in a model's reply, which may say more around its JSON object."""
    try:
        found = json.loads(reply[reply.find("{") : reply.rfind("}") + 1])
    except (ValueError, RecursionError):
        return "malformed"
    if not isinstance(found, dict):
        return "malformed"
    question, quote = found.get("question"), found.get("quote")
    if not isinstance(question, str) or not isinstance(quote, str):
        return "malformed"
    question = " ".join(question.split())
    if len(question) not in _QUESTION:
        return "malformed"
    said = words(quote)
    if not said or f" {said} " not in f" {words(chunk.text)} ":
        return "not grounded"
    return Draft(chunk, question, " ".join(quote.split()), by)


def by_rule(chunk: Chunk) -> Draft:
    """Return the question that a chunk's heading comes to."""
    heading = _NUMBER.sub("", chunk.heading_path[-1]).strip() or chunk.heading_path[-1]
    how = _HOW_TO.match(heading)
    if heading.endswith("?"):
        question = heading
    elif how:
        question = f"How do I {how['rest']}?"
    elif _is_defined(heading, chunk):
        question = f"What is {heading}?"
    elif len(chunk.heading_path) > 1:
        question = f"What is said about {heading} under {chunk.heading_path[-2]}?"
    else:
        question = f"What is said about {heading}?"
    return Draft(chunk, question, "", BY_RULE)


def _is_defined(heading: str, chunk: Chunk) -> bool:
    subject = terms_of(heading)
    return bool(subject) and any(
        defines(subject, sentence.text) >= _DEFINES for sentence in sentences(chunk.text)
    )


def distinct(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """Yield the drafts whose question none before has asked."""
    asked: set[str] = set()
    for draft in drafts:
        said = words(draft.question)
        if said not in asked:
            asked.add(said)
            yield draft


def _passage(chunk: Chunk) -> str:
    return f"<passage>\n{chunk.searchable}\n</passage>"


def _rules() -> str:
    return files("api_service.evaluation").joinpath("prompts/question.md").read_text("utf-8")
