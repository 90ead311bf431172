import json
from pathlib import Path

import pytest

from api_service.evaluation.dialogues import (
    Dialogues,
    dialogues,
    report,
    search_dialogues,
    turn_two_ratio,
)
from api_service.evaluation.judged_sets import read_histories, read_set, read_standalone
from api_service.evaluation.retrieval import quality
from tests.api_service.evaluation.sets import CORPUS, write_set
from tests.api_service.models import RETRIEVAL, needs_sets
from tests.api_service.scripted_openai import says, scripted_openai
from tests.api_service.service import make_settings

STANDALONE = Path(__file__).parents[3] / "benchmarks/dialogues/mtrag-un-general.jsonl"
TALK = [
    {"role": "user", "content": "What is a lidar?"},
    {"role": "assistant", "content": "A sensor."},
]
CORPUS_OF_MANY = CORPUS + "".join(
    f'{{"_id": "e{n}", "title": "Arms {n}", "text": "An arm has {n} joints."}}\n' for n in range(12)
)


def ignore(done: int, total: int) -> None:
    assert done <= total


def asked_in(folder: Path, *, put: str | None = "How does a lidar measure?") -> Dialogues:
    queries = [
        {"_id": "q1", "text": "How does it work?", "metadata": {"history": TALK}},
        {"_id": "q2", "text": "legs on the ground", "metadata": {"history": []}},
    ]
    write_set(
        folder,
        corpus=CORPUS_OF_MANY,
        queries="".join(f"{json.dumps(query)}\n" for query in queries),
        qrels="query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n",
    )
    return dialogues(read_set(folder), read_histories(folder), {"q1": put} if put else {})


async def test_follow_ups_alone_are_measured_in_each_reading(tmp_path: Path) -> None:
    asked = asked_in(tmp_path)
    found = await search_dialogues(asked, make_settings(tmp_path / "data"), ignore)
    readings = found["bm25"]

    assert [query.id for query in asked.judged.queries] == ["q1"]
    assert list(found) == ["bm25"]
    assert quality(asked.judged, readings["alone"]).ndcg_10 == 0
    assert quality(asked.judged, readings["with history"]).ndcg_10 == 1
    assert turn_two_ratio(asked, readings) == 1


async def test_the_report_compares_with_questions_that_stand_alone(tmp_path: Path) -> None:
    asked = asked_in(tmp_path)
    lines = report(
        asked, await search_dialogues(asked, make_settings(tmp_path / "data"), ignore)
    ).splitlines()

    assert lines[0] == "15 documents, 1 judged follow-ups, 1 of them at turn 2"
    assert lines[-2].startswith("bm25 turn 2 standalone")
    assert lines[-1] == "bm25 turn-2 ratio, with history to standalone, nDCG@10: 1.0000"


async def test_without_such_questions_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    asked = asked_in(tmp_path, put=None)
    found = await search_dialogues(asked, make_settings(tmp_path / "data"), ignore)

    assert turn_two_ratio(asked, found["bm25"]) is None
    assert "standalone" not in report(asked, found)


async def test_with_a_model_its_reading_of_the_follow_up_is_searched(tmp_path: Path) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("In which order do legs touch the ground?")
        asked = asked_in(tmp_path)
        settings = make_settings(tmp_path / "data", openai=openai)
        found = await search_dialogues(asked, settings, ignore)

    assert list(found) == ["bm25", "hybrid"]
    for readings in found.values():
        assert next(iter(readings["with history"]["q1"].documents)) == "d2"
        assert next(iter(readings["standalone"]["q1"].documents)) == "d1"


@needs_sets
async def test_at_turn_two_as_much_is_found_as_for_questions_that_stand_alone(
    tmp_path: Path,
) -> None:
    folder = RETRIEVAL / "mtrag-un-general"
    asked = dialogues(read_set(folder), read_histories(folder), read_standalone(STANDALONE))
    found = await search_dialogues(asked, make_settings(tmp_path), ignore)
    ratio = turn_two_ratio(asked, found["bm25"])

    assert (len(asked.judged.queries), len(asked.at_turn_two())) == (127, 26)
    assert ratio is not None
    assert ratio >= 0.95
    assert quality(asked.judged, found["bm25"]["with history"]).ndcg_10 >= 0.86
    assert quality(asked.judged, found["bm25"]["alone"]).ndcg_10 <= 0.79


@pytest.mark.parametrize("second", ["What is a gait?", "legs on the ground"])
async def test_another_subject_is_found_as_if_nothing_had_been_said(
    second: str, tmp_path: Path
) -> None:
    asked_in(tmp_path)
    row = {"_id": "q2", "text": second, "metadata": {"history": TALK}}
    (tmp_path / "queries.jsonl").write_text(f"{json.dumps(row)}\n")
    (tmp_path / "qrels.tsv").write_text("q2\td2\t1\n")
    asked = dialogues(read_set(tmp_path), read_histories(tmp_path), {"q2": second})
    found = await search_dialogues(asked, make_settings(tmp_path / "data"), ignore)

    assert turn_two_ratio(asked, found["bm25"]) == 1
