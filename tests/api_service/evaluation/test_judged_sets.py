from pathlib import Path

import pytest

from api_service.chat.question import Turn
from api_service.evaluation.judged_sets import (
    BadSet,
    Passage,
    Query,
    read_histories,
    read_set,
    read_standalone,
)
from tests.api_service.evaluation.sets import CORPUS, QRELS, QUERIES, write_set


def test_a_set_is_read_with_the_judged_questions_alone(tmp_path: Path) -> None:
    judged = read_set(write_set(tmp_path))
    assert judged.passages[0] == Passage("d1", "Lidar", "A lidar measures distance by light.")
    assert judged.passages[2].title == ""
    assert judged.queries == (Query("q1", "How far away is it?"), Query("q2", "legs on the ground"))
    assert judged.judgements == {"q1": {"d1": 2}, "q2": {"d2": 1}}
    assert judged.unanswerable == (Query("q3", "unanswerable"),)


def test_strings_that_answer_are_read_where_a_set_has_them(tmp_path: Path) -> None:
    queries = QUERIES.replace('{"history": []}', '{"answers": ["near", 5]}')
    judged = read_set(write_set(tmp_path, queries=queries))
    assert [query.answers for query in judged.queries] == [("near", "5"), ()]


def test_judgements_may_stand_where_the_benchmarks_archives_have_them(tmp_path: Path) -> None:
    folder = write_set(tmp_path)
    (folder / "qrels").mkdir()
    (folder / "qrels.tsv").rename(folder / "qrels/test.tsv")
    assert len(read_set(folder).queries) == 2


@pytest.mark.parametrize(
    ("corpus", "queries", "qrels", "told"),
    [
        ("{}", QUERIES, QRELS, "corpus.jsonl, line 1: _id is no text"),
        (f"{CORPUS}\n\n[]", QUERIES, QRELS, "corpus.jsonl, line 6: not a JSON object"),
        (CORPUS + "[" * 100_000, QUERIES, QRELS, "corpus.jsonl, line 4: not JSON"),
        ('{"_id": "d1"}', QUERIES, QRELS, "corpus.jsonl, line 1: text is no text"),
        ('{"_id": "d1", "text": "\\ud83e"}', QUERIES, QRELS, "line 1: text is no valid Unicode"),
        ("", QUERIES, QRELS, "corpus.jsonl holds no document"),
        (CORPUS, QUERIES + QUERIES, QRELS, "line 4: the _id 'q1' stands in line 1 already"),
        (CORPUS, '{"_id": 1, "text": "a"}', QRELS, "queries.jsonl, line 1: _id is no text"),
        (CORPUS, QUERIES, "", "qrels.tsv names no query with a relevant document"),
        (CORPUS, QUERIES, "q1\td1\n", "qrels.tsv, line 1: not query-id"),
        (CORPUS, QUERIES, "q1 d1 1\n", "qrels.tsv, line 1: not query-id"),
        (CORPUS, QUERIES, "q1\td1\t1\n\nq1\td2\tmuch", "qrels.tsv, line 3: not query-id"),
        (CORPUS, QUERIES, QRELS + "q9\td1\t1\n", "qrels.tsv, line 5: no query has the _id 'q9'"),
        (CORPUS, QUERIES, QRELS + "q1\td9\t1\n", "line 5: no document has the _id 'd9'"),
        (CORPUS, QUERIES, f"q1\td1\t1{'0' * 400}", "qrels.tsv, line 1: a relevance above"),
        (CORPUS + "nothing", QUERIES, QRELS, "corpus.jsonl, line 4: not JSON"),
        (CORPUS + "[]", QUERIES, QRELS, "corpus.jsonl, line 4: not a JSON object"),
        (CORPUS + CORPUS, QUERIES, QRELS, "line 4: the _id 'd1' stands in line 1 already"),
        (CORPUS, QUERIES, "q1\td1\t1\nq2 d2", "qrels.tsv, line 2: not query-id"),
        (CORPUS, QUERIES, "q1\td1\t0\n", "names no query with a relevant document"),
        (CORPUS, "", QRELS, "queries.jsonl holds no query"),
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


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    folder = write_set(tmp_path)
    for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"):
        text = (folder / name).read_bytes().replace(b"\n", b"\r\n")
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text)
    assert read_set(folder).judgements == {"q1": {"d1": 2}, "q2": {"d2": 1}}


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    folder = write_set(tmp_path)
    (folder / "queries.jsonl").write_bytes(b'{"_id": "q\xff"}')
    with pytest.raises(BadSet, match=r"queries.jsonl is no UTF-8 text, from byte 10 on"):
        read_set(folder)


def test_what_was_said_before_a_question_is_read(tmp_path: Path) -> None:
    said = '[{"role": "user", "content": "What?"}, {"role": "assistant", "content": "That."}]'
    write_set(
        tmp_path,
        queries=f'{{"_id": "q1", "text": "Why?", "metadata": {{"history": {said}}}}}\n'
        '{"_id": "q2", "text": "legs", "metadata": {"history": []}}\n'
        '{"_id": "q3", "text": "arms", "metadata": 7}\n'
        '{"_id": "q4", "text": "arms"}\n',
    )

    assert read_histories(tmp_path) == {"q1": (Turn("user", "What?"), Turn("assistant", "That."))}


@pytest.mark.parametrize(
    ("history", "told"),
    [
        ('"words"', "no list of objects"),
        ('["words"]', "no list of objects"),
        ('[{"role": "system", "content": "x"}]', "neither user's nor assistant's"),
        ('[{"role": "user"}]', "content is no text"),
    ],
)
def test_a_history_of_another_form_is_refused_by_its_line(
    tmp_path: Path, history: str, told: str
) -> None:
    row = f'{{"_id": "q1", "text": "Why?", "metadata": {{"history": {history}}}}}'
    write_set(tmp_path, queries=f"{row}\n")
    with pytest.raises(BadSet, match=rf"line 1: .*{told}"):
        read_histories(tmp_path)


def test_questions_that_stand_alone_are_read_by_their_ids(tmp_path: Path) -> None:
    file = tmp_path / "standalone.jsonl"
    file.write_text('{"_id": "q1", "text": "Why is it so?"}\n')

    assert read_standalone(file) == {"q1": "Why is it so?"}
