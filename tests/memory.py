"""How much memory something keeps."""

import gc
import tracemalloc
from collections.abc import Callable


def kept_bytes(call: Callable[[], object]) -> int:
    """Call, and return how many bytes are kept when what it returned is gone."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        call()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before
