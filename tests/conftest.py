import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Undo what a test sets of the logs: at DEBUG, those after it would write millions of lines."""
    root = logging.getLogger()
    level, handlers, ours = root.level, root.handlers[:], structlog.get_config()
    yield
    root.setLevel(level)
    root.handlers = handlers
    structlog.configure(**ours)
