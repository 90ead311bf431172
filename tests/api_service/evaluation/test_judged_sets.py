from pathlib import Path

import pytest

from api_service.evaluation.judged_sets import BadSet, Passage, Query, read_set
from tests.api_service.evaluation.sets import CORPUS, QRELS, QUERIES, write_set


def test_a_set_is_read_with_the_judged_questions_alone(tmp_path: Path) -> None:
    judged = read_set(write_set(tmp_path))
    assert judged.passages[0] == Passage("d1", "Lidar", "A lidar measures distance by light.")
    assert judged.passages[2].title == ""
    assert judged.queries == (Query("q1", "How far away is it?"), Query("q2", "legs on the ground"))
    assert judged.judgements == {"q1": {"d1": 2}, "q2": {"d2": 1}}


def test_judgements_may_stand_where_the_benchmarks_archives_have_them(tmp_path: Path) -> None:
    folder = write_set(tmp_path)
    (folder / "qrels").mkdir()
    (folder / "qrels.tsv").rename(folder / "qrels/test.tsv")
    assert len(read_set(folder).queries) == 2


@pytest.mark.parametrize(
    ("corpus", "queries", "qrels", "told"),
    [
        ("{}", QUERIES, QRELS, "corpus.jsonl, line 1: _id is no text"),
        (CORPUS + "nothing", QUERIES, QRELS, "corpus.jsonl, line 4: not JSON"),
        (CORPUS + "[]", QUERIES, QRELS, "corpus.jsonl, line 4: not a JSON object"),
        (CORPUS + CORPUS, QUERIES, QRELS, "two documents of one _id"),
        (CORPUS, QUERIES, "q1\td1\t1\nq2 d2", "qrels.tsv, line 2: not query-id"),
        (CORPUS, QUERIES, "q1\td1\t0\n", "no query with a relevant one"),
        (CORPUS, "", QRELS, "no query with a relevant one"),
    ],
)
def test_a_set_of_another_form_is_refused_by_place_and_reason(
    tmp_path: Path, corpus: str, queries: str, qrels: str, told: str
) -> None:
    with pytest.raises(BadSet, match=told):
        read_set(write_set(tmp_path, corpus, queries, qrels))


@pytest.mark.parametrize("missing", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    folder = write_set(tmp_path)
    (folder / missing).unlink()
    with pytest.raises(BadSet, match=missing):
        read_set(folder)
