import hashlib
from pathlib import Path

import pytest

from api_service.onnx_folder import model_in
from service_kit.settings import BadSettings

NEEDED = ("config.json", "tokenizer.json")


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize("file", ["model.onnx", "onnx/model.onnx", "model_optimized.onnx"])
def test_a_model_is_found_and_told_apart_by_what_it_is(tmp_path: Path, file: str) -> None:
    here, there = (made(tmp_path / name, file, *NEEDED) for name in ("here", "there"))

    assert model_in(here, "RERANKER", NEEDED) == model_in(there, "RERANKER", NEEDED)
    assert model_in(here, "RERANKER", NEEDED) == (
        file,
        hashlib.sha256(file.encode()).hexdigest()[:12],
    )


@pytest.mark.parametrize(
    ("held", "missing"),
    [(NEEDED, "model.onnx"), (("model.onnx", "config.json"), "tokenizer.json")],
)
def test_a_file_that_is_missing_is_named(
    tmp_path: Path, held: tuple[str, ...], missing: str
) -> None:
    with pytest.raises(BadSettings, match=f"^RERANKER names the folder .* has no {missing}$"):
        model_in(made(tmp_path, *held), "RERANKER", NEEDED)
