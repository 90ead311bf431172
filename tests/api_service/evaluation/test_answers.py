import re
from dataclasses import replace
from pathlib import Path

import pytest

from api_service.chat.evidence import Evidence
from api_service.evaluation.answer_report import report
from api_service.evaluation.answers import Asked, Outcome, Questions, ask_all
from api_service.evaluation.judged_sets import read_set
from api_service.settings import WritingSettings
from tests.api_service.evaluation import scripted_answers
from tests.api_service.evaluation.scripted_answers import Manner
from tests.api_service.evaluation.sets import write_set
from tests.api_service.models import MODEL, RETRIEVAL, needs_model, needs_sets
from tests.api_service.scripted_openai import says, scripted_openai
from tests.api_service.service import make_settings

CORPUS = (
    '{"_id": "d1", "title": "Lidar", "text": "A lidar measures distance by timing light."}\n'
    '{"_id": "d2", "title": "Gaits", "text": "A trot is a gait of two beats, as horses have it."}\n'
)
QUERIES = (
    '{"_id": "q1", "text": "What does a lidar measure?", "metadata": {"answers": ["distance"]}}\n'
    '{"_id": "q2", "text": "Which gait has two beats?", "metadata": {"answers": ["amble"]}}\n'
    '{"_id": "q3", "text": "Who invented the lidar and the bicycle in France?"}\n'
)
QRELS = "q1\td1\t1\nq2\td1\t1\n"
OTHER = (
    '{"_id": "d1", "text": "A wombat sleeps all day long."}\n',
    '{"_id": "q1", "text": "What do wombats dream of?"}\n',
    "q1\td1\t1\n",
)


def ignore(done: int, total: int) -> None:
    assert done <= total


def folder(at: Path) -> Path:
    at.mkdir()
    return at


async def asked_of_small_sets(tmp_path: Path, settings: WritingSettings) -> Asked:
    judged = read_set(write_set(folder(tmp_path / "own"), CORPUS, QUERIES, QRELS))
    other = read_set(write_set(folder(tmp_path / "other"), *OTHER))
    return await ask_all(Questions(judged, {}, [other]), settings, 300, ignore)


async def test_what_a_book_answers_and_what_it_does_not_are_told_apart(tmp_path: Path) -> None:
    asked = await asked_of_small_sets(tmp_path, make_settings(tmp_path / "elsewhere"))

    first, second = asked.answerable
    assert (first.refused, first.cited, first.supported) == (False, 1, 1)
    assert (first.relevant, first.right) == (True, True)
    assert (second.relevant, second.right) == (False, False)
    assert [each.refused for each in asked.near] == [True]
    assert [(each.refused, each.evidence) for each in asked.far] == [(True, Evidence(0.0))]
    assert asked.near[0].right is None
    assert (asked.model, asked.retrieval) == ("extractive:sentences", "bm25")
    assert not (tmp_path / "elsewhere").exists()


async def test_a_configured_model_is_measured_and_asked_only_where_there_is_evidence(
    tmp_path: Path,
) -> None:
    async with scripted_openai() as openai:
        openai.chat = says("A lidar measures distance [1]. Wombats dream of Rome at night [1].")
        settings = make_settings(tmp_path / "elsewhere", openai=openai)
        asked = await asked_of_small_sets(tmp_path, settings)
        questions = [body["messages"][1]["content"] for body in openai.asked("/chat/completions")]

    assert questions == ["What does a lidar measure?", "Which gait has two beats?"]
    assert (asked.answerable[0].cited, asked.answerable[0].supported) == (2, 1)
    assert (asked.model, asked.retrieval) == ("openai:gpt-4o-mini", "hybrid")


async def test_no_more_questions_are_asked_than_wanted(tmp_path: Path) -> None:
    judged = read_set(write_set(tmp_path, CORPUS, QUERIES, QRELS))
    asked = await ask_all(
        Questions(judged, {}, [judged, judged]), make_settings(tmp_path / "x"), 1, ignore
    )

    assert (len(asked.answerable), len(asked.near), len(asked.far)) == (1, 1, 1)


def outcome(
    *, refused: bool = False, evidence: float = 1.0, supported: int = 2, right: bool | None = None
) -> Outcome:
    cited = 0 if refused else 2
    return Outcome(refused, Evidence(evidence), cited, min(cited, supported), not refused, right)


def test_the_report_has_refusals_citations_and_the_curve() -> None:
    asked = Asked(
        answerable=[outcome(right=True)] * 3 + [outcome(refused=True, evidence=0.3)],
        near=[outcome(supported=1)],
        far=[outcome(refused=True, evidence=0.1)] * 3 + [outcome()],
        model="m",
        retrieval="bm25",
    )
    lines = report(asked).splitlines()

    assert lines[:9] == [
        "answered by m, retrieval bm25",
        "answerable            0.2500  of 4 refused",
        "near, not covered     0.0000  of 1 refused",
        "of other sets         0.7500  of 4 refused",
        "refusal precision     0.7500  refusals right, of all",
        "refusal recall        0.7500  of other sets' questions refused",
        "citation precision    0.9000  supported, of 10 citations",
        "cites a relevant one  1.0000",
        "holds an answer       1.0000",
    ]
    assert re.fullmatch(r"  0.30  +0\.0000 +0\.0000 +0\.7500", lines[11])
    assert re.fullmatch(r"  0.40\* +0\.2500 +0\.0000 +0\.7500", lines[13])


def test_a_threshold_is_chosen_on_one_half_and_judged_by_the_other() -> None:
    def at(evidence: float, half: int) -> Outcome:
        return replace(outcome(evidence=evidence), half=half)

    asked = Asked(
        answerable=[at(0.52, 0), at(0.9, 0), at(0.52, 1), at(0.9, 1)],
        near=[],
        far=[at(0.1, 0), at(0.47, 0), at(0.1, 1), at(0.57, 1)],
        model="m",
        retrieval="bm25",
    )
    first, second = report(asked).splitlines()[-2:]

    # A threshold of .20 refuses nothing that is answered, of 1 half of what is not.
    assert re.fullmatch(r"  0\.20 +0\.0000 +0\.5000  chosen on the other half", first)
    assert re.fullmatch(r"  0\.50 +0\.0000 +0\.5000  chosen on the other half", second)


async def test_questions_on_one_passage_are_of_one_half(tmp_path: Path) -> None:
    asked = await asked_of_small_sets(tmp_path, make_settings(tmp_path / "elsewhere"))

    assert len({each.half for each in asked.answerable}) == 1
    assert {each.half for each in (*asked.near, *asked.far)} <= {0, 1}


def test_how_many_citations_hold_is_told_where_there_are_any() -> None:
    asked = Asked([outcome(supported=1)], [outcome()], [outcome(refused=True)], "m", "bm25")

    assert asked.citation_precision == 0.75
    assert replace(asked, answerable=[], near=[]).citation_precision is None


@needs_sets
@pytest.mark.parametrize("manner", ["faithful", "mistaken", "denying"])
async def test_what_a_model_quotes_wrong_is_told_from_what_it_quotes_right(manner: Manner) -> None:
    asked = await scripted_answers.asked(RETRIEVAL / "mtrag-un-general", [], 25, manner)

    assert not scripted_answers.missed(manner, asked.citation_precision)


def test_figures_without_questions_are_left_out() -> None:
    lines = report(Asked([outcome(refused=True)], [], [], "m", "bm25")).splitlines()

    assert lines[1] == "answerable            1.0000  of 1 refused"
    assert lines[2].startswith("gate at")


@needs_sets
@pytest.mark.parametrize("name", ["xquad-en", "mtrag-un-general"])
async def test_answers_from_public_sets_cite_what_they_say_and_refuse_what_is_not_there(
    name: str, tmp_path: Path
) -> None:
    (other,) = {"xquad-en", "mtrag-un-general"} - {name}
    judged, strange = read_set(RETRIEVAL / name), read_set(RETRIEVAL / other)
    asked = await ask_all(Questions(judged, {}, [strange]), make_settings(tmp_path), 40, ignore)

    cited = sum(each.cited for each in asked.answerable)
    assert sum(each.supported for each in asked.answerable) >= 0.95 * cited > 0
    assert sum(each.refused for each in asked.far) >= 0.8 * len(asked.far)
    assert sum(each.refused for each in asked.answerable) <= 0.3 * len(asked.answerable)


@needs_model
async def test_with_an_embedder_sources_are_found_by_both(tmp_path: Path) -> None:
    pytest.importorskip("fastembed", reason="needs the extra `local`")
    settings = make_settings(tmp_path / "x").model_copy(
        update={"embedding_model": f"local:{MODEL}"}
    )
    asked = await asked_of_small_sets(tmp_path, settings)

    assert asked.retrieval == "hybrid"
    assert not asked.answerable[0].refused
