"""Drafted questions as a set in BEIR's form, which `book-eval retrieval` reads.

The owner corrects `queries.jsonl`: changes a text, takes away its "draft", deletes a line, adds to
the judgements. What was corrected is never written over.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api_service.documents import Chunk
from api_service.evaluation.drafts import Draft

CORPUS, QUERIES, QRELS = "corpus.jsonl", "queries.jsonl", "qrels/test.tsv"

_HELP = "Name another folder, or begin anew with --force."
_HEADER = "query-id\tcorpus-id\tscore\n"


class Corrected(Exception):
    """A folder holds questions that are no mere drafts; the text says which."""


@dataclass(frozen=True, slots=True)
class DraftSet:
    """Drafts in the order they were made, each as it stands in the file, by its chunk's id."""

    rows: Mapping[str, str]

    def with_drafts(self, drafts: Iterable[Draft]) -> "DraftSet":
        """Add drafts."""
        return DraftSet({**self.rows, **{document_id(each.chunk): _row(each) for each in drafts}})


def document_id(chunk: Chunk) -> str:
    """Return a chunk's id in the set: page, anchor and, beyond the first, which one of them."""
    ordinal = f"#{chunk.ordinal}" if chunk.ordinal else ""
    # Judgements and run files part their columns by spaces.
    return re.sub(r"\s", "_", f"{chunk.path}#{chunk.anchor}{ordinal}")


def read_drafts(folder: Path) -> DraftSet:
    """Return the drafts in a folder; none where it holds none.

    Raises:
        Corrected: A question was corrected or judged anew, or the set is none of drafts.
        OSError: The folder cannot be read.
    """
    queries = folder / QUERIES
    if not queries.exists():
        if (folder / CORPUS).exists():
            raise Corrected(f"{folder} holds a set without {QUERIES}, so none of drafts. {_HELP}")
        return DraftSet({})
    rows: dict[str, str] = {}
    for number, line in _lines(queries):
        document = _document_of_draft(line)
        if document is None:
            raise Corrected(
                f"{queries}, line {number}, has been corrected, or was never a draft. {_HELP}"
            )
        rows[document] = line
    drafted = {(_query_id(document), document, "1") for document in rows}
    for number, line in _lines(folder / QRELS) if (folder / QRELS).exists() else ():
        if f"{line}\n" != _HEADER and tuple(line.split("\t")) not in drafted:
            raise Corrected(
                f"{folder / QRELS}, line {number}, was not written with the drafts. {_HELP}"
            )
    return DraftSet(rows)


def write_set(folder: Path, chunks: Sequence[Chunk], drafts: DraftSet) -> DraftSet:
    """Write a set; each file is either as it was or as it is to be, however this ends.

    Args:
        folder: Made if it is missing.
        chunks: The whole book.
        drafts: What to write.

    Returns:
        The drafts written: those of other chunks are left out.
    """
    known = {document_id(chunk) for chunk in chunks}
    kept = DraftSet({document: row for document, row in drafts.rows.items() if document in known})
    (folder / QRELS).parent.mkdir(parents=True, exist_ok=True)
    # The questions come first: a set without them would not be known as one of drafts.
    write_questions(folder, kept)
    _replace(folder / CORPUS, "".join(f"{_passage(chunk)}\n" for chunk in chunks))
    return kept


def write_questions(folder: Path, drafts: DraftSet) -> None:
    """Write the questions of a set that is there, and their judgements."""
    _replace(folder / QUERIES, "".join(f"{row}\n" for row in drafts.rows.values()))
    judgements = (f"{_query_id(document)}\t{document}\t1\n" for document in drafts.rows)
    _replace(folder / QRELS, _HEADER + "".join(judgements))


def _passage(chunk: Chunk) -> str:
    return _json(
        {
            "_id": document_id(chunk),
            "title": " > ".join(chunk.heading_path),
            "text": chunk.text,
            "metadata": {"path": chunk.path, "lines": chunk.lines},
        }
    )


def _row(draft: Draft) -> str:
    document = document_id(draft.chunk)
    return _json(
        {
            "_id": _query_id(document),
            "text": draft.question,
            "draft": True,
            "metadata": {
                "drafted_by": draft.by,
                "document": document,
                "quote": draft.quote,
                "fingerprint": _fingerprint(draft.question),
            },
        }
    )


def _document_of_draft(line: str) -> str | None:
    """Return the document of a question that is as it was drafted; None for any other line."""
    try:
        row = json.loads(line)
        is_draft = row["draft"] is True and row["metadata"]["fingerprint"] == _fingerprint(
            row["text"]
        )
        document = row["metadata"]["document"]
        is_its = row["_id"] == _query_id(document)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return document if is_draft and is_its else None


def _query_id(document: str) -> str:
    return f"q-{hashlib.sha256(document.encode()).hexdigest()[:12]}"


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    text = file.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _replace(file: Path, text: str) -> None:
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, file)  # noqa: PTH105 -- the name says that it replaces
