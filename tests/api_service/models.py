"""A real sentence encoder for tests: it lies beside the checkout."""

from pathlib import Path

import pytest

MODEL = Path(__file__).parents[3] / "shared/data/models/all-MiniLM-L6-v2-int8"
RETRIEVAL = Path(__file__).parents[3] / "shared/data/retrieval"

needs_model = pytest.mark.skipif(
    not MODEL.is_dir(), reason="needs ../shared/data/models/all-MiniLM-L6-v2-int8"
)
needs_sets = pytest.mark.skipif(
    not RETRIEVAL.is_dir(), reason="needs ../shared/data/retrieval, three question sets"
)
