import asyncio
import math
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service import embedders
from api_service.embedders import Embedder
from api_service.settings import BookSettings
from service_kit.settings import BadSettings
from tests.api_service.models import MODEL, needs_model
from tests.api_service.service import make_settings

pytest.importorskip("fastembed", reason="needs the extra `local`")

from tokenizers import Tokenizer  # only where the extra is installed

from api_service.embedders.local import cut

LONG = "A lidar measures distance by timing light. " * 100


def settings_for(folder: Path | str, *, tokens: int | None = None) -> BookSettings:
    return make_settings(Path()).model_copy(
        update={"embedding_model": f"local:{folder}", "embedding_tokens": tokens}
    )


def near(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def tokenizer() -> Tokenizer:
    read = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    read.no_truncation()
    read.no_padding()
    return read


@pytest.fixture(scope="module")
async def embedder() -> AsyncIterator[Embedder]:
    chosen = embedders.choose(settings_for(MODEL))
    assert chosen
    yield chosen
    await chosen.close()


@needs_model
async def test_texts_of_one_meaning_are_near(embedder: Embedder) -> None:
    question, answer, other = await embedder.embed(
        ["How do robots see depth?", "A lidar measures distance.", "The budget was passed."]
    )
    assert len(question) == embedder.dimensions == 384
    assert near(question, answer) > near(question, other) + 0.1
    assert math.hypot(*question) == pytest.approx(1)


@needs_model
async def test_the_vector_of_a_text_depends_on_it_alone(embedder: Embedder) -> None:
    (alone,) = await embedder.embed(["A gait of two beats."])
    _, among, _ = await embedder.embed([LONG, "A gait of two beats.", ""])
    assert among == alone


@needs_model
async def test_the_end_of_a_long_text_counts(embedder: Embedder) -> None:
    bare, with_end, question = await embedder.embed(
        [LONG, LONG + "The budget was passed by the senate. " * 60, "the senate's budget"]
    )
    assert near(with_end, question) > near(bare, question) + 0.05


@needs_model
async def test_the_event_loop_is_free_while_texts_are_embedded(embedder: Embedder) -> None:
    embedding = asyncio.create_task(embedder.embed([LONG] * 4))
    turns = 0
    while not embedding.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 10


@needs_model
@pytest.mark.parametrize("text", ["", "one", LONG, "日本語" * 300, "x" * 3000, "`a_b.c` " * 400])
def test_a_text_is_cut_into_pieces_that_fit_and_none_of_it_is_lost(text: str) -> None:
    pieces = list(cut(text, tokenizer(), 254))
    assert "".join(piece for piece, _ in pieces) == text
    total = len(tokenizer().encode(text, add_special_tokens=False).ids)
    assert len(pieces) == max(1, -(-total // 254))
    for piece, tokens in pieces:
        assert len(tokenizer().encode(piece, add_special_tokens=False).ids) == tokens <= 254


@needs_model
@given(st.text(max_size=300), st.integers(min_value=16, max_value=40))
def test_whatever_the_text_no_piece_is_longer_than_the_model_reads(text: str, most: int) -> None:
    counter = tokenizer_once()
    pieces = list(cut(text, counter, most))
    assert "".join(piece for piece, _ in pieces) == text
    assert all(tokens <= most for _, tokens in pieces)


_ONCE: list[Tokenizer] = []


def tokenizer_once() -> Tokenizer:
    if not _ONCE:
        _ONCE.append(tokenizer())
    return _ONCE[0]


@needs_model
async def test_two_models_are_told_apart_wherever_they_lie(tmp_path: Path) -> None:
    copy = tmp_path / MODEL.name
    shutil.copytree(MODEL, copy)
    names = []
    for folder, tokens in ((MODEL, None), (copy, None), (MODEL, 128)):
        chosen = embedders.choose(settings_for(folder, tokens=tokens))
        assert chosen
        names.append(chosen.name)
        await chosen.close()
    assert names[0] == names[1] != names[2]
    assert str(tmp_path) not in names[1]


@needs_model
def test_a_folder_without_all_of_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"has no config\.json"):
        embedders.choose(settings_for(tmp_path))
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(MODEL / name, tmp_path / name)
    with pytest.raises(BadSettings, match=r"has no model\.onnx"):
        embedders.choose(settings_for(tmp_path))
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(BadSettings, match="cannot be loaded"):
        embedders.choose(settings_for(tmp_path))


def test_a_model_nobody_knows_is_refused() -> None:
    with pytest.raises(BadSettings, match=r"'no-such/model', which cannot be loaded"):
        embedders.choose(settings_for("no-such/model"))


async def test_without_the_extra_the_refusal_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "fastembed.py").write_text("raise ModuleNotFoundError('fastembed')\n")
    script = (
        "from api_service import embedders\n"
        "from api_service.settings import BookSettings\n"
        "embedders.choose(BookSettings.from_environment())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        env={
            "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}",
            "EMBEDDING_MODEL": "local:some",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    assert b"ai-book-backend[api,local]" in told.splitlines()[-1]
