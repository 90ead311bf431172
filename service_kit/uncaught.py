"""What Python itself would print, told as log lines instead: by types and places, without a text.

An exception that nobody caught, a warning or a line that cannot be put together quotes values, and
would stand among the lines as something that is none.
"""

import logging
import sys
import threading
import warnings
from types import TracebackType

import structlog

log = structlog.get_logger(__name__)


def tell_uncaught() -> None:
    """Have this process say so; for a service, whose lines are read by programs."""
    sys.excepthook = _process_crashed
    threading.excepthook = _thread_crashed
    sys.unraisablehook = _left_behind
    warnings.showwarning = _warned  # type: ignore[assignment]  # called by position
    logging.raiseExceptions = False  # a library's line with too few arguments


def _process_crashed(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("process_crashed", exc_info=error)


def _thread_crashed(crash: threading.ExceptHookArgs) -> None:
    log.error("thread_crashed", exc_info=crash.exc_value)


def _left_behind(failure: "sys.UnraisableHookArgs") -> None:
    """Tell of an exception nobody can be told of otherwise, as one of a `__del__`."""
    log.error("cleanup_failed", exc_info=failure.exc_value)


def _warned(
    _message: Warning | str, category: type[Warning], filename: str, lineno: int, *_more: object
) -> None:
    log.warning("warned", category=category.__name__, place=f"{filename}:{lineno}")
