import logging
from collections.abc import Iterator

import hypothesis
import pytest
import structlog

# How long an example takes is the machine's matter, and what slows it is often another test.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _short_tracebacks() -> None:
    """Print crashes without all variables, which takes half a minute, where a test sets no logs."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Undo what a test sets of the logs: at DEBUG, those after it would write millions of lines."""
    root = logging.getLogger()
    level, handlers, ours = root.level, root.handlers[:], structlog.get_config()
    yield
    root.setLevel(level)
    root.handlers = handlers
    structlog.configure(**ours)
