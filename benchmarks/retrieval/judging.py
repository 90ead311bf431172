"""Judges what systems found and cut, all by one measure: the product's own `book-eval`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from api_service.evaluation.chunks import Findings, judge
from api_service.evaluation.judged_sets import JudgedSet
from api_service.evaluation.measures import ndcg, recall, reciprocal_rank
from api_service.evaluation.source import read, words
from benchmarks.retrieval.figures import BUDGET, DOCUMENTS, Cut, Page, Piece

_HEADING = re.compile(r"\s*#{1,6}[ \t]+(?P<heading>[^\n]*)(?:\n|$)")


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the questions asked; one that found nothing counts as zero."""

    ndcg: float
    recall: float
    mrr: float


def quality(judged: JudgedSet, rankings: Mapping[str, Sequence[str]]) -> Quality:
    """Return how well rankings of documents answer the questions they are of."""

    def mean(measure: Callable[[Sequence[str], Mapping[str, int], int], float]) -> float:
        return fmean(
            measure(ranking, judged.judgements[question], DOCUMENTS)
            for question, ranking in rankings.items()
        )

    return Quality(mean(ndcg), mean(recall), mean(reciprocal_rank))


def findings(folder: Path, cut: Cut) -> Findings:
    """Judge a book's chunks by its files."""
    found = Findings()
    for page in cut.pages:
        text = (folder / page.path).read_text(encoding="utf-8")
        found += _judged(text, page)
    return found


@dataclass(frozen=True, slots=True)
class _Judged:
    text: str
    heading_path: tuple[str, ...]
    searchable: str


def _judged(text: str, page: Page) -> Findings:
    source = read(text)
    title = source.title if page.title is None else page.title
    headings = frozenset(words(heading) for line in source.lines for heading in line.path)
    chunks = [_under_its_heading(piece, title, headings) for piece in page.pieces]
    return judge(source, chunks, name=page.path, title=title, max_tokens=BUDGET)


def _under_its_heading(piece: Piece, title: str, headings: frozenset[str]) -> _Judged:
    """Give a chunk the path its system gave it, from the page's title to its own heading.

    Systems differ in whether the heading a chunk begins with is part of its path, and none but ours
    puts the title over the page's other headings of the first level.
    """
    path, text = piece.heading_path, piece.text
    opening = _HEADING.match(text)
    if opening and words(opening["heading"]) in headings:  # else a comment of torn code
        text = text[opening.end() :]
        if not path or words(opening["heading"]) != words(path[-1]):
            path = (*path, opening["heading"])
    if title and (not path or words(path[0]) != words(title)):
        path = (title, *path)
    return _Judged(text, path, piece.embedded)
