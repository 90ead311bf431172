"""Vectors from a model on this machine, through fastembed and ONNX Runtime: no text leaves it."""

import asyncio
import itertools
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType
from fastembed.text.onnx_embedding import OnnxTextEmbedding
from tokenizers import Tokenizer

from api_service.onnx_folder import model_in
from api_service.problems import ModelUnavailable
from api_service.settings import BookSettings
from service_kit.settings import BadSettings

log = structlog.get_logger(__name__)

VENDOR = "local"

TEXT_TOKENS = 256
"""Longest text read at once where neither a setting nor the model says so, special tokens counted.
Sentence encoders take 512 and more, but most were trained on less, and are worse beyond it."""

_NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")


class LocalEmbedder:
    """One model in this process.

    Args:
        model: Loaded; it makes vectors of length 1.
        name: The "vendor:model", with what its vectors depend on.
        dimensions: The length of its vectors.
        text_tokens: Longest text it reads at once, special tokens counted.
    """

    def __init__(self, model: TextEmbedding, name: str, dimensions: int, text_tokens: int) -> None:
        self.name = name
        self.dimensions = dimensions
        self._model = model
        self._tokenizer = _whole_texts(model)
        self._piece_tokens = text_tokens - self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedder")

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector of length 1 per text, shape (len(texts), dimensions), in their order.

        A text longer than the model reads is embedded in pieces of even length, and its vector is
        their mean, each weighted by its tokens. Between two texts the thread is free for others.

        Raises:
            ModelUnavailable: ONNX Runtime failed.
        """
        loop = asyncio.get_running_loop()
        try:
            return [await loop.run_in_executor(self._thread, self._vector, text) for text in texts]
        except Exception as error:  # ONNX Runtime's errors have no common class
            log.warning("model_unavailable", model=self.name, vendor_error=type(error).__name__)
            raise ModelUnavailable("The embedding model failed.") from error

    async def close(self) -> None:
        """Let go of the thread."""
        await asyncio.to_thread(self._thread.shutdown)

    def _vector(self, text: str) -> list[float]:
        pieces = list(cut(text, self._tokenizer, self._piece_tokens))
        # One at a time: in a batch the int8 scales, and so a text's vector, would depend on the
        # other texts; and on few cores padding costs more than a batch saves.
        vectors = self._model.embed([piece for piece, _ in pieces], batch_size=1)
        total = np.zeros(self.dimensions)
        for (_, tokens), vector in zip(pieces, vectors, strict=True):
            total += np.asarray(vector, dtype=np.float64) * max(tokens, 1)
        unit: list[float] = (total / np.linalg.norm(total)).tolist()
        return unit


def cut(text: str, tokenizer: Tokenizer, most: int) -> Iterator[tuple[str, int]]:
    """Cut a text into as few pieces of even length as are needed, between words where it can.

    Args:
        text: Any text; joined, the pieces give it back.
        tokenizer: Neither cuts nor pads.
        most: Tokens in a piece, without special ones.

    Yields:
        Each piece, and how many tokens it has.
    """
    encoding = tokenizer.encode(text, add_special_tokens=False)
    total = len(encoding.ids)
    if total <= most:
        yield text, total
        return
    starts = [0]
    while total - starts[-1] > most:
        pieces_left = -(-(total - starts[-1]) // most)
        share = -(-(total - starts[-1]) // pieces_left)
        starts.append(_before_a_word(encoding.word_ids, starts[-1], starts[-1] + share))
    places = [0, *(encoding.offsets[start][0] for start in starts[1:]), len(text)]
    sizes = [end - start for start, end in itertools.pairwise([*starts, total])]
    for (start, end), tokens in zip(itertools.pairwise(places), sizes, strict=True):
        yield text[start:end], tokens


def _before_a_word(words: list[int | None], start: int, end: int) -> int:
    for place in range(end, start, -1):
        if words[place] != words[place - 1]:
            return place
    return end  # one word alone is longer than a piece


def open_embedder(settings: BookSettings, model: str) -> LocalEmbedder:
    """Load the model in a folder, or the one fastembed knows by this name.

    Raises:
        BadSettings: There is no such model, or it cannot be read.
    """
    folder = Path(model).expanduser()
    try:
        if folder.is_dir():
            return _from_folder(settings, folder)
        loaded = TextEmbedding(model)
    except BadSettings:
        raise
    except Exception as error:  # whatever fastembed, the model hub or ONNX Runtime raise
        raise BadSettings(
            f"EMBEDDING_MODEL names the local model {model!r}, which cannot be loaded: name a "
            f"folder that holds {', '.join(_NEEDED)} and model.onnx, or a model of fastembed's "
            f"({type(error).__name__})"
        ) from error
    tokens = settings.embedding_tokens or TEXT_TOKENS
    return LocalEmbedder(loaded, f"{VENDOR}:{model}/{tokens}", loaded.embedding_size, tokens)


def _from_folder(settings: BookSettings, folder: Path) -> LocalEmbedder:
    file, digest = model_in(folder, "EMBEDDING_MODEL", _NEEDED)
    pooling = _json(folder / "1_Pooling/config.json")
    by_first_token = pooling.get("pooling_mode_cls_token", False)
    dimensions = _json(folder / "config.json")["hidden_size"]
    known = f"{VENDOR}/{folder.name}@{digest}"
    if known.lower() not in {
        each["model"].lower() for each in TextEmbedding.list_supported_models()
    }:
        TextEmbedding.add_custom_model(
            model=known,
            pooling=PoolingType.CLS if by_first_token else PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf=known),  # required, but never asked: the folder is given
            dim=dimensions,
            model_file=file,
        )
    loaded = TextEmbedding(known, specific_model_path=str(folder))
    reads = _json(folder / "sentence_bert_config.json").get("max_seq_length", TEXT_TOKENS)
    tokens = settings.embedding_tokens or reads
    name = f"{VENDOR}:{folder.name}@{digest}/{tokens}"
    return LocalEmbedder(loaded, name, dimensions, tokens)


def _json(file: Path) -> dict[str, Any]:
    """Return a configuration in the form of the Hugging Face hub; empty where there is none."""
    if not file.is_file():
        return {}
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def _whole_texts(model: TextEmbedding) -> Tokenizer:
    """Return the model's tokenizer as it counts, which neither cuts nor pads."""
    if not isinstance(model.model, OnnxTextEmbedding) or model.model.tokenizer is None:
        raise BadSettings("EMBEDDING_MODEL names a local model that is no sentence encoder in ONNX")
    copy = Tokenizer.from_str(model.model.tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy
