"""Question sets with relevance labels, in the form of the BEIR benchmark.

Source: Thakur et al., "BEIR", NeurIPS 2021: `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`, the
last also at `qrels/test.tsv`, as the benchmark's own archives have it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_JUDGEMENTS = ("qrels.tsv", "qrels/test.tsv")


class BadSet(Exception):
    """A folder holds no such set; the text names file, line and reason."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A document of the corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question; of a conversation, its last turn alone."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """A corpus and the questions asked of it.

    Attributes:
        passages: Each id once.
        queries: Those with at least one relevant passage; only they are judged.
        judgements: For each query's id, how relevant each passage is, above 0.
    """

    passages: tuple[Passage, ...]
    queries: tuple[Query, ...]
    judgements: Mapping[str, Mapping[str, int]]


def read_set(folder: Path) -> JudgedSet:
    """Read the set in a folder.

    Raises:
        BadSet: A file is missing or a line is not of this form.
    """
    passages = tuple(
        Passage(_text(row, "_id", place), _text(row, "title", place, ""), _text(row, "text", place))
        for place, row in _rows(folder / "corpus.jsonl")
    )
    judgements = _judgements(folder)
    queries = tuple(
        Query(_text(row, "_id", place), _text(row, "text", place))
        for place, row in _rows(folder / "queries.jsonl")
    )
    judged = tuple(query for query in queries if query.id in judgements)
    if len({passage.id for passage in passages}) < len(passages):
        raise BadSet(f"{folder / 'corpus.jsonl'} has two documents of one _id")
    if not passages or not judged:
        raise BadSet(f"{folder} has no document, or no query with a relevant one")
    return JudgedSet(passages, judged, judgements)


def _judgements(folder: Path) -> dict[str, dict[str, int]]:
    file = next((folder / name for name in _JUDGEMENTS if (folder / name).is_file()), None)
    if file is None:
        raise BadSet(f"{folder} has no {_JUDGEMENTS[0]}")
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_lines(file), start=1):
        parts = line.rstrip("\n").split("\t")
        if number == 1 and not parts[-1].lstrip("-").isdigit():
            continue  # the header
        try:
            query, passage, score = parts
            relevance = int(score)
        except ValueError as error:
            raise BadSet(f"{file}, line {number}: not query-id, corpus-id and score") from error
        if relevance > 0:
            found.setdefault(query, {})[passage] = relevance
    return found


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(_lines(file), start=1):
        place = f"{file}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadSet(f"{place}: not JSON") from error
        if not isinstance(row, dict):
            raise BadSet(f"{place}: not a JSON object")
        yield place, row


def _lines(file: Path) -> list[str]:
    try:
        # Not splitlines: a text may hold other line ends, such as U+2028.
        return [line for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadSet(f"{file} cannot be read as UTF-8 text") from error


def _text(row: dict[str, Any], name: str, place: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if not isinstance(value, str):
        raise BadSet(f"{place}: {name} is no text")
    return value
