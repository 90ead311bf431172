import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api_service.evaluation.sets import write_set
from tests.api_service.ingestion.books import write_book
from tests.api_service.scripted_openai import refuses, scripted_openai


def book_eval(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api_service.evaluation", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_figures_of_a_book_are_printed(tmp_path: Path) -> None:
    book = write_book(tmp_path, {"a.md": "# A\n\nText.\n\n```\ncode\n```\n\n## Empty\n"})
    done = book_eval("chunks", "--source", str(book))
    assert (done.returncode, done.stderr) == (0, "")
    for figure in ("fences whole          100.00 %  1 of 1", "over budget                0"):
        assert figure in done.stdout
    names = ("tables whole", "heading path right", "lines kept", "chunks/s", "Mchar/s")
    assert all(f"\n{name} " in done.stdout for name in names)
    assert "lost" not in done.stdout


def test_faults_are_named_on_request(tmp_path: Path) -> None:
    book = write_book(tmp_path, {"a.md": "# A\n\nText.\n\n## Empty\n"})
    done = book_eval("chunks", "--source", str(book), "--faults")
    assert "a.md, line 5: lost: 'empty'" in done.stdout


@pytest.mark.parametrize(
    ("options", "reason"),
    [(("--source", "missing"), "does not exist"), (("--max-tokens", "7"), "at least 50")],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(
    tmp_path: Path, options: tuple[str, str], reason: str
) -> None:
    book = write_book(tmp_path, {"a.md": "# A\n\nText."})
    done = book_eval("chunks", "--source", str(book), *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


async def evaluate(
    folder: Path, *arguments: str, command: str = "retrieval", **environment: str
) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api_service.evaluation",
        command,
        "--data",
        str(folder),
        *arguments,
        env={**os.environ, "OPENAI_API_KEY": "", **environment},
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, told = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), told.decode()


async def test_the_figures_are_printed_and_the_run_written(tmp_path: Path) -> None:
    status, out, _ = await evaluate(write_set(tmp_path), "--run", str(tmp_path / "run.txt"))

    assert status == 0
    assert out.splitlines()[0] == "3 documents, 2 judged queries"
    assert out.splitlines()[2].startswith("bm25")
    assert (tmp_path / "run.txt").read_text().startswith("q2 Q0 d2 1 ")


async def test_figures_are_printed_even_where_the_run_cannot_be_written(tmp_path: Path) -> None:
    status, out, told = await evaluate(write_set(tmp_path), "--run", "/dev/null/run")

    assert status == 1
    assert "bm25" in out
    assert "/dev/null/run" in told


async def test_a_folder_without_a_set_is_told(tmp_path: Path) -> None:
    status, out, told = await evaluate(tmp_path)

    assert (status, out) == (1, "")
    assert "corpus.jsonl cannot be read: No such file" in told


@pytest.mark.parametrize("text", ["0", "1.5", "much"])
async def test_a_bound_that_no_share_can_meet_is_refused(text: str, tmp_path: Path) -> None:
    status, _, told = await evaluate(tmp_path, "--at-least", text, command="answers")

    assert status == 2
    assert "--at-least" in told


async def test_a_figure_below_what_is_asked_for_fails_the_command(tmp_path: Path) -> None:
    said = '[{"role": "user", "content": "What measures distance by light?"}]'
    queries = f'{{"_id": "q1", "text": "How?", "metadata": {{"history": {said}}}}}\n'
    write_set(tmp_path, queries=queries, qrels="q1\td1\t1\n")
    status, out, told = await evaluate(tmp_path, "--history", "--at-least", "0.95")
    assert (status, out[:11]) == (1, "3 documents")
    assert told.endswith("bm25 turn-2 ratio: not measured, and not at least 0.95\n")


@pytest.mark.parametrize(
    ("question", "expected"),
    [("What measures distance by light?", 0), ("Who composed the opera?", 1)],
)
async def test_citations_must_hold_and_there_must_be_some(
    question: str, expected: int, tmp_path: Path
) -> None:
    write_set(tmp_path, queries=f'{{"_id": "q1", "text": "{question}"}}\n', qrels="q1\td1\t1\n")
    status, out, told = await evaluate(tmp_path, "--at-least", "0.95", command="answers")

    assert status == expected
    assert ("citation precision    1.0000" in out) == (expected == 0)
    missed = "citation precision: not measured, and not at least 0.95\n"
    assert told.endswith(missed) == (expected == 1)


async def test_follow_ups_are_measured_on_request(tmp_path: Path) -> None:
    said = '[{"role": "user", "content": "What measures distance by light?"}]'
    queries = f'{{"_id": "q1", "text": "How?", "metadata": {{"history": {said}}}}}\n'
    write_set(tmp_path, queries=queries, qrels="q1\td1\t1\n")
    standalone = tmp_path / "standalone.jsonl"
    standalone.write_text('{"_id": "q1", "text": "How is distance measured by light?"}\n')
    status, out, _ = await evaluate(tmp_path, "--history", "--standalone", str(standalone))

    assert status == 0
    assert out.splitlines()[0] == "3 documents, 1 judged follow-ups, 1 of them at turn 2"
    assert out.splitlines()[-1].endswith("nDCG@10: 1.0000")


async def test_a_set_without_conversations_has_no_follow_ups(tmp_path: Path) -> None:
    status, out, told = await evaluate(write_set(tmp_path), "--history")

    assert (status, out) == (1, "")
    assert "no judged query with a history" in told


@pytest.mark.parametrize("model", ["acme:some", "local:"])
async def test_a_model_that_cannot_be_used_is_told(tmp_path: Path, model: str) -> None:
    status, _, told = await evaluate(write_set(tmp_path), EMBEDDING_MODEL=model)

    assert status == 2
    assert "EMBEDDING_MODEL" in told


async def test_what_is_refused_and_cited_is_printed(tmp_path: Path) -> None:
    folder = write_set(tmp_path)
    status, out, told = await evaluate(
        folder, "--other", str(folder), "--count", "1", command="answers"
    )

    assert status == 0
    assert out.splitlines()[0] == "answered by extractive:sentences, retrieval bm25"
    assert "refusal recall" in out
    assert told == "\r3 of 3 chunks written\n"


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "reason"),
    [
        (("--other", "missing"), {}, 1, "corpus.jsonl cannot be read: No such file"),
        (("--count", "0"), {}, 2, "must be 1 or more"),
        ((), {"EMBEDDING_MODEL": "acme:some"}, 2, "EMBEDDING_MODEL"),
        ((), {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, 1, "did not"),
    ],
)
async def test_answers_that_cannot_be_measured_are_refused_in_a_sentence(
    tmp_path: Path,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    status: int,
    reason: str,
) -> None:
    ended, out, told = await evaluate(
        write_set(tmp_path), *arguments, command="answers", **environment
    )

    assert (ended, out) == (status, "")
    assert reason in told
    assert "Traceback" not in told


async def make_questions(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    prose = "It says a good deal about arms, more than twenty words of it, and " * 2
    book = write_book(folder, {"a.md": f"# Arms\n\n{prose}\n\n## Elbows\n\n{prose}"})
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api_service.evaluation",
        "make-questions",
        "--source",
        str(book),
        "--out",
        str(folder / "set"),
        *arguments,
        env={**os.environ, "OPENAI_API_KEY": "", **environment},
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, told = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), told.decode()


async def test_a_drafted_set_is_measured_by_the_same_command(tmp_path: Path) -> None:
    status, out, told = await make_questions(tmp_path)

    assert status == 0
    assert out.splitlines()[0] == "2 questions, 2 of them new"
    assert f"book-eval retrieval --data {tmp_path / 'set'}" in out
    assert "no language model" in told
    status, out, _ = await evaluate(tmp_path / "set")
    assert (status, out.splitlines()[0]) == (0, "2 documents, 2 judged queries")


async def test_a_dry_run_only_tells_the_cost(tmp_path: Path) -> None:
    status, out, told = await make_questions(tmp_path, "--dry-run", OPENAI_API_KEY="sk-unused")

    assert (status, out) == (0, "")
    assert "2 questions to draft by openai:gpt-4o-mini: about " in told
    assert not (tmp_path / "set").exists()


async def test_a_corrected_set_is_refused(tmp_path: Path) -> None:
    await make_questions(tmp_path)
    questions = tmp_path / "set/queries.jsonl"
    questions.write_text(questions.read_text().replace("true", "false"))
    status, out, told = await make_questions(tmp_path)

    assert (status, out) == (1, "")
    assert "line 1, has been corrected" in told
    assert "--force" in told
    assert (await make_questions(tmp_path, "--force"))[0] == 0


async def test_a_model_that_never_answers_ends_the_command(tmp_path: Path) -> None:
    pages = {f"{n}.md": f"# Part {n}\n\n{'Words about it. ' * 20}" for n in range(12)}
    write_book(tmp_path, pages)
    async with scripted_openai() as openai:
        openai.chat = refuses(429)
        status, out, told = await make_questions(
            tmp_path, OPENAI_API_KEY="sk-scripted", OPENAI_BASE_URL=openai.base_url
        )

    assert status == 1
    assert out.startswith("0 questions, 0 of them new, 8 unanswered\n")
    assert told.endswith("run this again to go on.\n")


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (("--count", "0"), 2, "must be 1 or more"),
        (("--count", "many"), 2, "invalid"),
        (("--source", "missing"), 1, "does not exist"),
        (("--out", "/dev/null/set"), 1, "Not a directory. Name another place."),
    ],
)
async def test_questions_that_cannot_be_made_are_refused_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], status: int, reason: str
) -> None:
    ended, out, told = await make_questions(tmp_path, *arguments)

    assert (ended, out) == (status, "")
    assert reason in told
    assert "Traceback" not in told


async def test_an_unknown_language_model_is_told(tmp_path: Path) -> None:
    status, _, told = await make_questions(tmp_path, LLM_MODEL="acme:some")

    assert status == 2
    assert "LLM_MODEL" in told
