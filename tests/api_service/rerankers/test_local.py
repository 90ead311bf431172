from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_service import rerankers
from api_service.problems import ModelUnavailable
from api_service.rerankers import Reranker
from api_service.settings import BookSettings
from service_kit.settings import BadSettings
from tests.api_service.models import needs_model
from tests.api_service.rerankers.tiny_model import write_cross_encoder
from tests.api_service.service import make_settings

pytest.importorskip("fastembed", reason="needs the extra `local`")

pytestmark = needs_model


def settings_for(folder: Path | str) -> BookSettings:
    return make_settings(Path()).model_copy(update={"reranker": f"local:{folder}"})


@pytest.fixture
async def reranker(tmp_path: Path) -> AsyncIterator[Reranker]:
    chosen = rerankers.choose(settings_for(write_cross_encoder(tmp_path / "tiny")))
    assert chosen
    yield chosen
    await chosen.close()


async def test_a_model_in_a_folder_scores_each_passage(reranker: Reranker) -> None:
    passages = [f"lidar {'zebra ' * n}" for n in range(6)]
    scores = await reranker.rerank("what is a lidar?", passages)

    assert len(scores) == len(set(scores)) == 6
    assert scores == await reranker.rerank("what is a lidar?", passages)
    assert reranker.name == "local:tiny"


async def test_no_passages_have_no_scores(reranker: Reranker) -> None:
    assert await reranker.rerank("lidar", []) == []


async def test_a_model_that_fails_is_said_to(tmp_path: Path) -> None:
    chosen = rerankers.choose(settings_for(write_cross_encoder(tmp_path / "tiny")))
    assert chosen
    await chosen.close()
    with pytest.raises(ModelUnavailable):
        await chosen.rerank("lidar", ["A lidar."])


async def test_one_folder_can_be_opened_twice(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "tiny")
    for _ in range(2):
        chosen = rerankers.choose(settings_for(folder))
        assert chosen
        await chosen.close()


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_folder_that_lacks_a_file_is_refused_by_name(tmp_path: Path, missing: str) -> None:
    folder = write_cross_encoder(tmp_path / "tiny")
    (folder / missing).unlink()
    with pytest.raises(BadSettings, match=missing):
        rerankers.choose(settings_for(folder))


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "tiny")
    (folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(BadSettings, match="cannot be loaded"):
        rerankers.choose(settings_for(folder))
    with pytest.raises(BadSettings, match="cannot be loaded"):
        rerankers.choose(settings_for("of/no-such-name"))
