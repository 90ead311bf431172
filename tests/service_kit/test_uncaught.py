import json
import subprocess
import sys
from typing import Any

from tests.auth_service.service import CHECKOUT, bare_environment

# Hooks are a process's own, so each of these is one.
BEGINNING = """
import gc, logging, threading, warnings
from service_kit.logs import configure_logs
from service_kit.uncaught import tell_uncaught

configure_logs("test-service", "json", "INFO")
tell_uncaught()

def fails():
    raise ValueError("marked words")
"""


def lines_of(script: str, *, status: int = 0) -> list[dict[str, Any]]:
    """Return what a process says, all of it JSON."""
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + script],
        cwd=CHECKOUT,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "marked" not in done.stdout + done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_process_that_crashes_says_where_and_no_more() -> None:
    (line,) = lines_of("fails()", status=1)

    assert (line["event"], line["level"]) == ("process_crashed", "critical")
    assert line["error"] == "ValueError"
    assert "in fails" in line["traceback"]


def test_a_thread_that_crashes_says_where_and_no_more() -> None:
    (line,) = lines_of("thread = threading.Thread(target=fails); thread.start(); thread.join()")

    assert (line["event"], line["level"], line["error"]) == (
        "thread_crashed",
        "error",
        "ValueError",
    )


def test_a_failure_in_cleaning_up_says_where_and_no_more() -> None:
    (line,) = lines_of("type('Marked', (), {'__del__': lambda self: fails()})()\ngc.collect()")

    assert (line["event"], line["level"], line["error"]) == (
        "cleanup_failed",
        "error",
        "ValueError",
    )


def test_a_warning_says_its_kind_and_place_and_no_more() -> None:
    (line,) = lines_of("warnings.warn('marked words', UserWarning)")

    assert (line["event"], line["level"], line["category"]) == ("warned", "warning", "UserWarning")
    assert line["place"].startswith("<string>:")


def test_a_line_that_cannot_be_put_together_shows_none_of_its_parts() -> None:
    assert lines_of("logging.getLogger('library').warning('%d of them', 'marked')") == []


def test_ctrl_c_is_no_crash() -> None:
    script = "import sys; sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)"
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + script],
        cwd=CHECKOUT,
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() == "KeyboardInterrupt"
