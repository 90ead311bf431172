"""A cross-encoder on this machine, through fastembed and ONNX Runtime: no text leaves it."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog
from fastembed.common.model_description import ModelSource
from fastembed.rerank.cross_encoder import TextCrossEncoder

from api_service.onnx_folder import model_in
from api_service.problems import ModelUnavailable
from api_service.rerankers import LOCAL
from api_service.settings import BookSettings
from service_kit.settings import BadSettings

log = structlog.get_logger(__name__)

_NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_BATCH = 4  # on few cores padding costs more than a larger one saves


class LocalReranker:
    """One model in this process.

    Args:
        model: Loaded.
        name: What it is, for the log.
        seconds: Longest wait.
    """

    def __init__(self, model: TextCrossEncoder, name: str, seconds: float) -> None:
        self.name = name
        self.seconds = seconds
        self._model = model
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reranker")

    async def rerank(self, question: str, passages: Sequence[str]) -> list[float]:
        """Return how well each passage fits, in their order; higher is better.

        Between two batches the thread is free for others, and work given up on ends.

        Raises:
            ModelUnavailable: ONNX Runtime failed.
        """
        loop = asyncio.get_running_loop()
        scores: list[float] = []
        try:
            for start in range(0, len(passages), _BATCH):
                batch = list(passages[start : start + _BATCH])
                scores += await loop.run_in_executor(self._thread, self._scores, question, batch)
        except Exception as error:  # ONNX Runtime's errors have no common class
            log.warning("model_unavailable", model=self.name, vendor_error=type(error).__name__)
            raise ModelUnavailable("The reranker failed.") from error
        return scores

    def _scores(self, question: str, passages: list[str]) -> list[float]:
        return list(self._model.rerank(question, passages))

    async def close(self) -> None:
        """Let go of the thread."""
        await asyncio.to_thread(self._thread.shutdown)


def open_reranker(settings: BookSettings, model: str) -> LocalReranker:
    """Load the cross-encoder in a folder, or the one fastembed knows by this name.

    Raises:
        BadSettings: There is no such model, or it cannot be read.
    """
    folder = Path(model).expanduser()
    try:
        loaded = _from_folder(folder) if folder.is_dir() else TextCrossEncoder(model)
    except BadSettings:
        raise
    except Exception as error:  # whatever fastembed, the model hub or ONNX Runtime raise
        raise BadSettings(
            f"RERANKER names the local model {model!r}, which cannot be loaded: name a folder "
            f"that holds {', '.join(_NEEDED)} and model.onnx, or a cross-encoder of fastembed's "
            f"({type(error).__name__})"
        ) from error
    return LocalReranker(loaded, f"{LOCAL}:{folder.name}", settings.reranker_seconds)


def _from_folder(folder: Path) -> TextCrossEncoder:
    file, digest = model_in(folder, "RERANKER", _NEEDED)
    known = f"{LOCAL}/{folder.name}@{digest}"
    listed = {each["model"].lower() for each in TextCrossEncoder.list_supported_models()}
    if known.lower() not in listed:
        TextCrossEncoder.add_custom_model(
            model=known,
            sources=ModelSource(hf=known),  # required, but never asked: the folder is given
            model_file=file,
        )
    return TextCrossEncoder(known, specific_model_path=str(folder))
