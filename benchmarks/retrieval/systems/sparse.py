"""Term weights for the frameworks' hybrid search: fastembed's `Qdrant/bm25`, without a download.

All it would download are lists of stop words. LlamaIndex carries NLTK's lists, from which the
model's own were taken; the English one is used for all three.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from fastembed import SparseTextEmbedding

MODEL = "Qdrant/bm25"

_STOP_WORDS = "_static/nltk_cache/corpora/stopwords/english"


class Options(TypedDict):
    """What fastembed needs beside the model's name to stay offline."""

    specific_model_path: str
    stopwords: set[str]


def options() -> Options:
    """Return them, of the stop words that LlamaIndex carries."""
    found = find_spec("llama_index.core")
    if found is None or found.origin is None:
        raise FileNotFoundError("llama_index.core is not installed")
    file = Path(found.origin).parent / _STOP_WORDS
    words = set(file.read_text(encoding="utf-8").split())
    return Options(specific_model_path=str(file.parent), stopwords=words)


@cache
def model() -> SparseTextEmbedding:
    """Return the model, loaded once."""
    return SparseTextEmbedding(MODEL, **options())
