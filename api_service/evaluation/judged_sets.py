"""Question sets with relevance labels, in the form of the BEIR benchmark.

Source: Thakur et al., "BEIR", NeurIPS 2021: `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`, the
last also at `qrels/test.tsv`, as the benchmark's own archives have it.
"""

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from api_service.chat.question import Turn

_JUDGEMENTS = ("qrels.tsv", "qrels/test.tsv")
_COLUMNS = 3
_MOST_RELEVANT = 1_000_000  # beyond all grades there are, and far below what a mean can take


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
    """A question; of a conversation, its last turn alone.

    Attributes:
        id: Its name.
        text: What is asked.
        answers: Strings, each of which answers it, where the set has some: `metadata.answers`.
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """A corpus and the questions asked of it.

    Attributes:
        passages: Each id once.
        queries: Those with at least one relevant passage; only they are judged.
        judgements: For each query's id, how relevant each passage is, above 0.
        unanswerable: Those without a relevant passage.
    """

    passages: tuple[Passage, ...]
    queries: tuple[Query, ...]
    judgements: Mapping[str, Mapping[str, int]]
    unanswerable: tuple[Query, ...] = ()


def read_set(folder: Path) -> JudgedSet:
    """Read the set in a folder.

    Raises:
        BadSet: A file is missing, a line is not of this form, names something twice or something
            that is not there, or nothing is left to measure.
    """
    corpus, asked = folder / "corpus.jsonl", folder / "queries.jsonl"
    passages = {
        id_: Passage(id_, _text(row, "title", place, ""), _text(row, "text", place))
        for id_, row, place in _rows(corpus)
    }
    queries = {
        id_: Query(id_, _text(row, "text", place), _answers(row))
        for id_, row, place in _rows(asked)
    }
    for file, found, what in ((corpus, passages, "document"), (asked, queries, "query")):
        if not found:
            raise BadSet(f"{file} holds no {what}")
    judgements = _judgements(folder, passages, queries)
    judged = tuple(query for query in queries.values() if query.id in judgements)
    rest = tuple(query for query in queries.values() if query.id not in judgements)
    return JudgedSet(tuple(passages.values()), judged, judgements, rest)


def read_histories(folder: Path) -> dict[str, tuple[Turn, ...]]:
    """Read what was said before each query of a set, by its id; those at a beginning are left out.

    It stands at `metadata.history` as objects of `role`, user or assistant, and `content`.

    Raises:
        BadSet: A line is not of this form.
    """
    histories: dict[str, tuple[Turn, ...]] = {}
    for id_, row, place in _rows(folder / "queries.jsonl"):
        metadata = row.get("metadata")
        history = metadata.get("history") if isinstance(metadata, dict) else None
        if history:
            histories[id_] = tuple(_turns(history, place))
    return histories


def read_standalone(file: Path) -> dict[str, str]:
    """Read what queries ask when they are put so that they stand alone: lines of `_id` and `text`.

    Raises:
        BadSet: A line is not of this form.
    """
    return {id_: _text(row, "text", place) for id_, row, place in _rows(file)}


def _turns(history: object, place: str) -> Iterator[Turn]:
    for turn in history if isinstance(history, list) else [None]:
        if not isinstance(turn, dict):
            raise BadSet(f"{place}: the history is no list of objects")
        role: Literal["user", "assistant"]
        match turn.get("role"):
            case "user":
                role = "user"
            case "assistant":
                role = "assistant"
            case _:
                raise BadSet(f"{place}: a turn of the history is neither user's nor assistant's")
        yield Turn(role, _text(turn, "content", place))


def _judgements(
    folder: Path, passages: Container[str], queries: Container[str]
) -> dict[str, dict[str, int]]:
    file = next((folder / name for name in _JUDGEMENTS if (folder / name).is_file()), None)
    if file is None:
        raise BadSet(f"{folder} has no {' or '.join(_JUDGEMENTS)}")
    found: dict[str, dict[str, int]] = {}
    for number, line in _lines(file):
        place = f"{file}, line {number}"
        parts = line.rstrip("\r").split("\t")
        if number == 1 and len(parts) == _COLUMNS and not parts[-1].lstrip("-").isdigit():
            continue  # the header
        try:
            query, passage, score = parts
            relevance = int(score)
        except ValueError as error:
            raise BadSet(f"{place}: not query-id, corpus-id and score, parted by tabs") from error
        if relevance > _MOST_RELEVANT:
            raise BadSet(f"{place}: a relevance above {_MOST_RELEVANT}")
        if relevance > 0:
            if query not in queries:
                raise BadSet(f"{place}: no query has the _id {query!r}")
            if passage not in passages:
                raise BadSet(f"{place}: no document has the _id {passage!r}")
            found.setdefault(query, {})[passage] = relevance
    if not found:
        raise BadSet(f"{file} names no query with a relevant document")
    return found


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the _id of each line, its object, and how to name the line."""
    places: dict[str, str] = {}
    for number, line in _lines(file):
        place = f"{file}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadSet(f"{place}: not JSON") from error
        if not isinstance(row, dict):
            raise BadSet(f"{place}: not a JSON object")
        id_ = _text(row, "_id", place)
        if id_ in places:
            raise BadSet(f"{place}: the _id {id_!r} stands in line {places[id_]} already")
        places[id_] = str(number)
        yield id_, row, place


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold something, each with its number."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSet(f"{file} is no UTF-8 text, from byte {error.start} on") from error
    except OSError as error:
        raise BadSet(f"{file} cannot be read: {error.strerror}") from error
    # Not splitlines: a text may hold other line ends, such as U+2028.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _answers(row: dict[str, Any]) -> tuple[str, ...]:
    """Return what a set may say besides, and most do not; another form of it is passed over."""
    metadata = row.get("metadata")
    answers = metadata.get("answers") if isinstance(metadata, dict) else None
    return tuple(map(str, answers)) if isinstance(answers, list) else ()


def _text(row: dict[str, Any], name: str, place: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if not isinstance(value, str):
        raise BadSet(f"{place}: {name} is no text")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON can spell half a character
        raise BadSet(f"{place}: {name} is no valid Unicode") from error
    return value
