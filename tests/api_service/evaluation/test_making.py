import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from api_service.evaluation.draft_sets import Corrected
from api_service.evaluation.judged_sets import read_set
from api_service.evaluation.making import Made, Wanted, make_questions
from api_service.ingestion.loaders import NoPages
from tests.api_service.ingestion.books import write_book
from tests.api_service.scripted_openai import ScriptedOpenAI, refuses, says, scripted_openai
from tests.api_service.service import make_settings

PROSE = (
    "It says a good deal about {0}, more than twenty words of it in fact. A reader who wants to "
    "know about {0} finds it here, and nothing else."
)
BOOK = {
    f"{name}.md": (
        f"# {name}\n\n{PROSE.format(name)}\n\n## More of {name}\n\n{PROSE.format('x' + name)}"
    )
    for name in ("Arms", "Eyes", "Legs")
}


async def asks(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
    """Draft a question that names the passage's subject."""
    (subject,) = set(re.findall(r"know about (\w+)", body["messages"][1]["content"]))
    question = f"Where do I read about {subject}?"
    return await says(json.dumps({"question": question, "quote": f"about {subject}"}))(openai, body)


def make_wanted(folder: Path, count: int = 6) -> Wanted:
    source = folder / "docs"
    if not source.exists():
        write_book(folder, BOOK)
    return Wanted(source, folder / "set", count, seed=0)


def told(_line: str) -> None:
    """Nobody listens."""


def rows(wanted: Wanted) -> list[dict[str, Any]]:
    text = (wanted.out / "queries.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


async def made_by_model(wanted: Wanted, openai: ScriptedOpenAI) -> Made:
    return await make_questions(wanted, make_settings(wanted.out, openai=openai), told)


async def made_by_rule(wanted: Wanted) -> Made:
    return await make_questions(wanted, make_settings(wanted.out), told)


async def test_a_model_drafts_a_set_that_can_be_measured(tmp_path: Path) -> None:
    wanted = make_wanted(tmp_path)
    async with scripted_openai() as openai:
        openai.chat = asks
        made = await made_by_model(wanted, openai)

    assert (made.questions, made.new, made.failures, made.stopped) == (6, 6, {}, False)
    assert all(row["draft"] is True for row in rows(wanted))
    assert {row["metadata"]["drafted_by"] for row in rows(wanted)} == {"openai:gpt-4o-mini"}
    judged = read_set(wanted.out)
    assert len(judged.queries) == 6
    for query in judged.queries:
        ((document, relevance),) = judged.judgements[query.id].items()
        (passage,) = (each for each in judged.passages if each.id == document)
        assert relevance == 1
        assert query.text.removeprefix("Where do I read about ").rstrip("?") in passage.text


async def test_without_a_key_headings_become_questions_and_are_named_so(tmp_path: Path) -> None:
    wanted = make_wanted(tmp_path)
    lines: list[str] = []
    made = await make_questions(wanted, make_settings(tmp_path), lines.append)

    assert made.new == 6
    assert {row["metadata"]["drafted_by"] for row in rows(wanted)} == {"headings, by rule"}
    assert "headings, by rule: there is no language model" in lines[0]


async def test_what_a_model_gets_wrong_is_skipped_and_counted(tmp_path: Path) -> None:
    wanted = make_wanted(tmp_path)
    replies = iter(["{}", '{"question": "What else is there?", "quote": "nothing of it"}'])

    async def scene(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        wrong = next(replies, None)
        return await (says(wrong)(openai, body) if wrong else asks(openai, body))

    async with scripted_openai() as openai:
        openai.chat = scene
        made = await made_by_model(wanted, openai)

    assert made.failures == {"malformed": 1, "not grounded": 1}
    assert made.questions == len(rows(wanted)) == 4


async def test_a_question_asked_twice_is_kept_once(tmp_path: Path) -> None:
    wanted = make_wanted(tmp_path)
    async with scripted_openai() as openai:
        openai.chat = says('{"question": "What is said here?", "quote": "It says a good deal"}')
        made = await made_by_model(wanted, openai)

    assert (made.questions, made.failures) == (1, {"asked already": 5})


async def test_a_second_run_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    wanted = make_wanted(tmp_path, count=2)
    async with scripted_openai() as openai:
        openai.chat = asks
        await made_by_model(wanted, openai)
        before = (wanted.out / "queries.jsonl").read_text(encoding="utf-8")
        made = await made_by_model(replace(wanted, count=6), openai)
        asked = len(openai.asked("/chat/completions"))

    assert (made.questions, made.new, asked) == (6, 4, 6)
    assert (wanted.out / "queries.jsonl").read_text(encoding="utf-8").startswith(before)


async def test_what_was_drafted_before_the_model_fell_silent_is_kept(tmp_path: Path) -> None:
    names = [f"Part{n}" for n in range(20)]
    source = write_book(
        tmp_path, {f"{name}.md": f"# {name}\n\n{PROSE.format(name)}" for name in names}
    )
    wanted = Wanted(source, tmp_path / "set", 20, seed=0)
    answered = iter(range(5))

    async def scene(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        answers = next(answered, None) is not None
        return await (asks(openai, body) if answers else refuses(429)(openai, body))

    async with scripted_openai() as openai:
        openai.chat = scene
        made = await made_by_model(wanted, openai)
        assert (made.questions, made.stopped) == (5, True)
        openai.chat = asks
        made = await made_by_model(wanted, openai)

    assert (made.questions, made.new, made.stopped) == (20, 15, False)


async def test_a_dry_run_tells_the_cost_and_asks_and_writes_nothing(tmp_path: Path) -> None:
    wanted = replace(make_wanted(tmp_path), dry_run=True)
    lines: list[str] = []
    async with scripted_openai() as openai:
        await make_questions(wanted, make_settings(tmp_path, openai=openai), lines.append)
        assert openai.requests == []

    assert re.search(r"6 questions to draft by openai:gpt-4o-mini: about [\d,]+ tokens", lines[0])
    assert not wanted.out.exists()


def corrects_a_text(folder: Path) -> None:
    file = folder / "queries.jsonl"
    file.write_text(file.read_text().replace('"What is said', '"What exactly is said', 1))


def takes_away_a_draft(folder: Path) -> None:
    file = folder / "queries.jsonl"
    file.write_text(file.read_text().replace(', "draft": true', "", 1))


def adds_a_judgement(folder: Path) -> None:
    file = folder / "qrels/test.tsv"
    query = file.read_text().splitlines()[1].split("\t")[0]
    file.write_text(f"{file.read_text()}{query}\tLegs.md#more-of-legs\t2\n")


def writes_something_else(folder: Path) -> None:
    (folder / "queries.jsonl").write_text("[]\n")


def drops_the_questions(folder: Path) -> None:
    (folder / "queries.jsonl").unlink()


@pytest.mark.parametrize(
    "correct",
    [
        corrects_a_text,
        takes_away_a_draft,
        adds_a_judgement,
        writes_something_else,
        drops_the_questions,
    ],
)
async def test_what_was_corrected_is_never_written_over(
    tmp_path: Path, correct: Callable[[Path], None]
) -> None:
    wanted = make_wanted(tmp_path)
    await made_by_rule(wanted)
    correct(wanted.out)
    files = sorted(file for file in wanted.out.rglob("*") if file.is_file())
    before = [file.read_bytes() for file in files]

    with pytest.raises(Corrected):
        await made_by_rule(wanted)
    assert [file.read_bytes() for file in files] == before

    made = await made_by_rule(replace(wanted, force=True))
    assert made.new == made.questions == 6


async def test_drafts_of_what_the_book_has_no_more_are_left_out(tmp_path: Path) -> None:
    wanted = make_wanted(tmp_path)
    await made_by_rule(wanted)
    (wanted.source / "Legs.md").unlink()
    made = await made_by_rule(wanted)

    assert made.questions == len(read_set(wanted.out).queries) == 4


async def test_a_broken_page_is_named_and_a_folder_without_a_book_refused(tmp_path: Path) -> None:
    wanted = make_wanted(tmp_path)
    (wanted.source / "bad.md").write_bytes(b"\xff\xfe\x00")
    lines: list[str] = []
    await make_questions(wanted, make_settings(tmp_path), lines.append)
    assert any(line.startswith("bad.md: ") for line in lines)

    with pytest.raises(NoPages):
        await made_by_rule(replace(wanted, source=tmp_path / "missing"))
