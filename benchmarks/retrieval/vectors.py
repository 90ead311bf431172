"""One sentence encoder for all frameworks: what differs is what they do with its vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType
from fastembed.text.onnx_embedding import OnnxTextEmbedding
from numpy.typing import NDArray

DIMENSIONS = 384
READS = 256
"""Tokens that all-MiniLM-L6-v2 reads; what is longer is cut there, as its own library does."""

_NAME = "measured/all-MiniLM-L6-v2-int8"


class Vectors:
    """Makes vectors of length 1, and keeps those it made.

    Args:
        folder: Of the model, in ONNX.
    """

    def __init__(self, folder: Path) -> None:
        TextEmbedding.add_custom_model(
            model=_NAME,
            pooling=PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf=_NAME),  # required, but never asked: the folder is given
            dim=DIMENSIONS,
            model_file="model.onnx",
        )
        self._model = TextEmbedding(_NAME, specific_model_path=str(folder))
        encoder = self._model.model
        if not isinstance(encoder, OnnxTextEmbedding) or encoder.tokenizer is None:
            raise TypeError("fastembed loaded no sentence encoder")
        encoder.tokenizer.enable_truncation(READS)
        self._known: dict[str, NDArray[np.float32]] = {}

    def of(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text, shape (len(texts), DIMENSIONS), in their order."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        # One at a time, as ours does: in a batch of an int8 model a vector depends on the others,
        # and on two cores padding costs more than a batch saves.
        for text, vector in zip(new, self._model.embed(new, batch_size=1), strict=True):
            self._known[text] = vector.astype(np.float32)
        return [self._known[text].tolist() for text in texts]

    def forget(self, texts: Sequence[str]) -> None:
        """Forget the vectors of these texts."""
        for text in texts:
            self._known.pop(text, None)
