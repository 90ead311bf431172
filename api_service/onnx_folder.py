"""A folder that holds a model in ONNX: the file it is in, and what tells it from others."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from service_kit.settings import BadSettings

_MODEL_FILES = ("model.onnx", "onnx/model.onnx", "model_optimized.onnx")
_DIGITS = 12


def model_in(folder: Path, setting: str, needed: Sequence[str]) -> tuple[str, str]:
    """Return the model's file, relative to the folder, and the beginning of its SHA-256.

    Two models are told apart by what they are: their folders may move, and may bear one name.

    Args:
        folder: Where it lies.
        setting: What names the folder, for the sentence that refuses it.
        needed: Files that it must hold besides.

    Raises:
        BadSettings: One of the files is not there.
    """
    missing = [name for name in needed if not (folder / name).is_file()]
    file = next((name for name in _MODEL_FILES if (folder / name).is_file()), None)
    if missing or file is None:
        raise BadSettings(
            f"{setting} names the folder {folder}, which has no "
            f"{missing[0] if missing else _MODEL_FILES[0]}"
        )
    with (folder / file).open("rb") as opened:
        return file, hashlib.file_digest(opened, "sha256").hexdigest()[:_DIGITS]
