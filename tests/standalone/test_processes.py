import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from standalone.processes import (
    refuse_taken_port,
    running,
    wait_until_alive,
    wait_until_one_ends,
)
from standalone.refusals import CannotStart, ServiceDied

SLEEPER = ["timeit", "-n1", "-r1", "import time; time.sleep(60)"]


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def ignores(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text().partition("SigIgn:")[2]
    return bool(int(status.split()[0], 16) >> (number - 1) & 1)


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_free_port_is_fine() -> None:
    refuse_taken_port("127.0.0.1", 0, "SOME_PORT")


def test_a_taken_port_is_refused_with_the_setting_that_moves_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} .*set SOME_PORT"):
            refuse_taken_port("127.0.0.1", port, "SOME_PORT")


def test_a_service_is_stopped_when_the_block_is_left() -> None:
    with running("sleeper", SLEEPER, {}) as service:
        assert alive(service.process.pid)
    assert service.process.returncode == -signal.SIGTERM


def test_a_service_that_does_not_stop_in_its_time_is_made_to() -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    started = time.monotonic()
    with running("deaf", ["timeit", "-n1", "-r1", code], {}, stop_seconds=0.5) as service:
        while not ignores(service.process.pid, signal.SIGTERM):
            assert time.monotonic() - started < 30
            time.sleep(0.05)
    assert service.process.returncode == -signal.SIGKILL


def test_a_service_learns_what_it_is_told() -> None:
    code = "import os; os._exit(int(os.environ['ANSWER']))"
    with running("teller", ["timeit", "-n1", "-r1", code], {"ANSWER": "42"}) as service:
        assert service.process.wait(30) == 42


def test_a_service_dies_with_the_run_that_started_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from standalone.processes import running\n"
        f"with running('sleeper', {SLEEPER!r}, {{}}) as service:\n"
        "    print(service.process.pid, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    assert alive(pid)

    run.send_signal(signal.SIGKILL)
    run.communicate()

    wait_until_gone(pid)


def test_a_service_that_ends_while_it_starts_is_named() -> None:
    with (
        running("quitter", ["timeit", "-n1", "-r1", "exit(3)"], {}) as service,
        pytest.raises(ServiceDied, match="quitter ended while it started"),
    ):
        wait_until_alive(service, "http://127.0.0.1:1")


def test_a_service_that_answers_is_alive(tmp_path: Path) -> None:
    (tmp_path / "health").touch()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = ["http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with running("server", arguments, {}) as service:
        wait_until_alive(service, f"http://127.0.0.1:{port}")
        assert service.process.poll() is None


def test_the_service_that_ends_first_is_named_with_its_status() -> None:
    with (
        running("sleeper", SLEEPER, {}) as sleeper,
        running("quitter", ["timeit", "-n1", "-r1", "import os; os._exit(3)"], {}) as quitter,
        pytest.raises(ServiceDied, match="quitter has ended by itself, exit status 3"),
    ):
        wait_until_one_ends([sleeper, quitter])
