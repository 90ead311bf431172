import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.api_service.evaluation.sets import write_set


async def evaluate(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api_service.evaluation",
        "retrieval",
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


async def test_a_folder_without_a_set_is_told(tmp_path: Path) -> None:
    status, out, told = await evaluate(tmp_path)

    assert (status, out) == (1, "")
    assert "corpus.jsonl cannot be read" in told


@pytest.mark.parametrize("model", ["acme:some", "local:"])
async def test_a_model_that_cannot_be_used_is_told(tmp_path: Path, model: str) -> None:
    status, _, told = await evaluate(write_set(tmp_path), EMBEDDING_MODEL=model)

    assert status == 2
    assert "EMBEDDING_MODEL" in told
