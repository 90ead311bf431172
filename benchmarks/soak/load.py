"""k6 is run with load.js, and what it counted is read."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.environment import installed
from benchmarks.failure import BenchmarkFailed
from benchmarks.soak.readers import Reader, write

_FOLDER = Path(__file__).parent
_BOUND_MISSED = 99  # k6: everything was asked, and a threshold of the script crossed
_STOPPED = 105  # k6: by a signal
_CANCELLED = "context canceled"  # k6, of what was under way then
_LINGER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a second, of each kind; 0 leaves a kind out."""

    sign_ins: int = 2
    sessions: int = 100
    answers: int = 10
    streams: int = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked.

    Attributes:
        auth_url: Where auth-service is, without a slash at the end.
        api_url: Where api-service is; may be the same.
        seconds: How long requests are begun.
        rates: Of each kind.
    """

    auth_url: str
    api_url: str
    seconds: int
    rates: Rates = Rates()


@dataclass(frozen=True, slots=True)
class Minute:
    """The requests of a kind that were begun in one minute.

    Attributes:
        count: How many.
        p50, p99, slowest: Milliseconds.
    """

    count: int
    p50: float
    p99: float
    slowest: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A request that was not answered as it should be.

    Attributes:
        at: When it was begun, UTC, as ISO 8601 writes it.
        scenario: sign_in, get_session, answer or stream.
        status: HTTP's; 0 where no reply came.
        ms: It took.
        error: What k6 says of it.
        retryable: Whether it is a stream that ended by an `error` event saying so.
        body: The end of what came.
    """

    at: str
    scenario: str
    status: int
    ms: int
    error: str
    retryable: bool
    body: str


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it.

    Attributes:
        minutes: Of each kind of request, in the order of time.
        failed: Every request that failed.
        dropped: Requests that were not begun, for too many were under way.
    """

    minutes: Mapping[str, Sequence[Minute]]
    failed: Sequence[Failed]
    dropped: int


class Running:
    """Requests under way; `result` waits for their end."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, seconds: float) -> None:
        self._process = process
        self._folder = folder
        self._seconds = seconds
        self._stopped = False

    def ended(self) -> bool:
        """Return whether all has been asked."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Begin no more requests, and forget those under way."""
        self._stopped = True
        self._process.send_signal(signal.SIGINT)

    def result(self) -> Load:
        """Wait for the end, and return what came of it.

        Raises:
            BenchmarkFailed: k6 broke off.
        """
        try:
            status = self._process.wait(self._seconds + _LINGER_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise BenchmarkFailed("k6 does not end.") from error
        if status not in {0, _BOUND_MISSED, *([_STOPPED] if self._stopped else [])}:
            complaint = (self._folder / "k6.log").read_text(encoding="utf-8", errors="replace")
            raise BenchmarkFailed(f"k6 failed: {complaint[-2000:]}")
        load = read(self._folder)
        if not self._stopped:
            return load
        return replace(load, failed=[each for each in load.failed if each.error != _CANCELLED])


@contextmanager
def running(
    plan: Plan, readers: Sequence[Reader], folder: Path, *, environment: Path
) -> Iterator[Running]:
    """Have readers ask both services at fixed rates, until all is asked or the block is left.

    Args:
        plan: What they ask.
        readers: Who ask, by turns.
        folder: Empty; k6 writes into it.
        environment: The folder k6 is installed in, where that is yet to be done.

    Raises:
        BenchmarkFailed: k6 cannot be installed.
    """
    k6 = installed(_FOLDER / "requirements.txt", environment) / "k6"
    write(readers, folder / "readers.json")
    told = {
        "AUTH_URL": plan.auth_url,
        "API_URL": plan.api_url,
        "READERS": str(folder / "readers.json"),
        "SUMMARY": str(folder / "summary.json"),
        "SECONDS": str(plan.seconds),
        "SIGN_INS": str(plan.rates.sign_ins),
        "SESSIONS": str(plan.rates.sessions),
        "ANSWERS": str(plan.rates.answers),
        "STREAMS": str(plan.rates.streams),
    }
    console = ["--log-format", "raw", "--console-output", str(folder / "failed.jsonl")]
    with (
        (folder / "k6.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 -- our own command
            [str(k6), "run", "--quiet", "--no-usage-report", *console, str(_FOLDER / "load.js")],
            # Nothing else of ours, a proxy least of all.
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **told},
            stdout=subprocess.DEVNULL,
            stderr=log,
        ) as process,
    ):
        try:
            yield Running(process, folder, plan.seconds)
        finally:
            process.terminate()


def read(folder: Path) -> Load:
    """Return what load.js wrote into a folder."""
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_bytes())
    console = folder / "failed.jsonl"
    lines = console.read_text(encoding="utf-8").splitlines() if console.exists() else []
    return Load(
        minutes={
            name: [
                Minute(int(each["count"]), each["p50"], each["p99"], each["max"])
                for each in minutes
            ]
            for name, minutes in summary["minutes"].items()
        },
        failed=[Failed(**json.loads(line)) for line in lines],
        dropped=int(summary["dropped"]),
    )
