import asyncio
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from api_service.vector_index.opening import open_index
from tests.api_service.book import ingest
from tests.api_service.qdrant_server import qdrant_server
from tests.api_service.scripted_openai import says_then_hangs, scripted_openai
from tests.api_service.service import SECRET, bearer, make_settings
from tests.loopback import free_port

CHECKOUT = Path(__file__).parents[2]


def environment_of(tmp_path: Path, **changes: str) -> dict[str, str]:
    """Return what the process knows: these variables alone, and how its coverage is measured."""
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    return {
        **measured,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "JWT_SECRET": SECRET,
        "DATA_DIR": str(tmp_path / "data"),
        "SHUTDOWN_NOTICE": "0s",
        **changes,
    }


@dataclass(frozen=True, slots=True)
class Started:
    """The service as its command runs it; it prints to a file, which never fills up."""

    process: "subprocess.Popen[str]"
    log: Path

    def printed(self) -> str:
        """Return what it has printed so far."""
        return self.log.read_text("utf-8")

    def ended(self) -> str:
        """Wait for its end, and return all that it has printed."""
        self.process.wait(20)
        return self.printed()


@contextmanager
def started(tmp_path: Path, environment: Mapping[str, str], *flags: str) -> Iterator[Started]:
    log = tmp_path / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "api_service", *flags],
            cwd=tmp_path,
            env=environment,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    try:
        yield Started(process, log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def wait_for(address: str) -> httpx.Response:
    until = time.monotonic() + 30
    while True:
        try:
            return httpx.get(f"{address}/health")
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def test_it_serves_until_told_to_stop(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, environment_of(tmp_path, API_SERVER_PORT=str(port))) as service:
        address = f"http://127.0.0.1:{port}"
        health = wait_for(address)
        asked = httpx.post(f"{address}/v1/chat", json={"message": "gait"}, headers=bearer())
        service.process.send_signal(signal.SIGTERM)
        printed = service.ended()

    assert health.json() == {"status": "healthy", "service": "api-service"}
    assert "server" not in health.headers
    assert asked.json()["title"] == "Book Missing"
    assert '"resources_opened"' in printed
    assert service.process.returncode == 0


def test_a_connection_stays_as_long_as_a_client_with_little_to_ask_keeps_it(
    tmp_path: Path,
) -> None:
    port = free_port()
    with started(tmp_path, environment_of(tmp_path, API_SERVER_PORT=str(port))):
        wait_for(f"http://127.0.0.1:{port}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/health")
        connection.getresponse().read()
        asked_on = connection.sock
        time.sleep(7)  # httpx keeps connections for 5 s, as uvicorn does
        connection.request("GET", "/health")
        again = connection.getresponse().status
        same = connection.sock is asked_on
        connection.close()

    assert (again, same) == (200, True)


def test_several_workers_share_a_qdrant_server(tmp_path: Path) -> None:
    port = free_port()
    environment = environment_of(
        tmp_path,
        API_SERVER_PORT=str(port),
        WEB_CONCURRENCY="2",
        QDRANT_URL="http://127.0.0.1:1",
        LOG_FORMAT="text",
    )
    with started(tmp_path, environment) as service:
        address = f"http://127.0.0.1:{port}"
        wait_for(address)
        asked = httpx.get(f"{address}/v1/search?q=gait", headers=bearer(), timeout=20)
        service.process.send_signal(signal.SIGTERM)
        printed = service.ended()

    assert asked.json()["title"] == "Index Unavailable"
    assert printed.count("resources_opened") == 2
    assert service.process.returncode == 0


def test_it_waits_for_its_index_says_so_and_serves_once_it_is_there(tmp_path: Path) -> None:
    port, index = free_port(), free_port()
    environment = environment_of(
        tmp_path, API_SERVER_PORT=str(port), QDRANT_URL=f"http://127.0.0.1:{index}"
    )
    address = f"http://127.0.0.1:{port}"
    with started(tmp_path, environment) as service:
        wait_for(address)
        wait_until(lambda: '"service_waiting"' in service.printed())
        before = httpx.get(f"{address}/ready")
        with qdrant_server(tmp_path / "qdrant", port=index):
            wait_until(lambda: '"service_ready"' in service.printed())
            wait_until(lambda: httpx.get(f"{address}/ready").status_code == 200)
            asked = httpx.get(f"{address}/v1/search?q=gait", headers=bearer(), timeout=20)

    assert (before.status_code, before.json()["dependencies"]["index"]) == (503, "unavailable")
    assert asked.json()["title"] == "Book Missing"


async def test_a_stream_under_way_ends_with_a_word_when_the_service_stops(tmp_path: Path) -> None:
    port = free_port()
    async with scripted_openai() as openai:
        openai.chat = says_then_hangs("An IMU is a package [1]. ", "It")
        await ingest(make_settings(tmp_path / "data", openai=openai))
        environment = environment_of(
            tmp_path,
            API_SERVER_PORT=str(port),
            OPENAI_API_KEY="sk-scripted",
            OPENAI_BASE_URL=openai.base_url,
            SHUTDOWN_GRACE="2s",
        )
        with started(tmp_path, environment) as service:
            address = f"http://127.0.0.1:{port}"
            await asyncio.to_thread(wait_for, address)
            question = {"message": "What is an IMU?"}
            async with (
                httpx.AsyncClient(timeout=30, headers=bearer()) as http,
                http.stream("POST", f"{address}/v1/chat/stream", json=question) as reply,
            ):
                await asyncio.wait_for(openai.reached.wait(), 20)
                service.process.send_signal(signal.SIGTERM)
                said = "".join([piece async for piece in reply.aiter_text()])
            printed = await asyncio.to_thread(service.ended)
        await asyncio.wait_for(openai.abandoned.wait(), 20)

    last = said.strip().rpartition("\n\n")[2]
    assert "event: error" in last
    assert json.loads(last.rpartition("data: ")[2])["retryable"] is True
    assert service.process.returncode == 0
    assert "Traceback" not in printed


def test_it_reloads_when_asked_to(tmp_path: Path) -> None:
    # A copy of the code: what changes is watched, and nobody else's.
    for package in ("api_service", "service_kit"):
        shutil.copytree(CHECKOUT / package, tmp_path / package)
    port = free_port()
    environment = {
        **environment_of(tmp_path, API_SERVER_PORT=str(port)),
        "PYTHONPATH": str(tmp_path),
    }
    with started(tmp_path, environment, "--reload") as service:
        health = wait_for(f"http://127.0.0.1:{port}")
        (tmp_path / "api_service" / "changed.py").write_text("CHANGED = True\n")
        wait_until(lambda: service.printed().count("resources_opened") == 2)
        os.killpg(service.process.pid, signal.SIGTERM)

    assert health.status_code == 200


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    with started(tmp_path, environment_of(tmp_path, JWT_SECRET="short")) as service:
        printed = service.ended()

    assert service.process.returncode == 2
    assert printed.startswith("JWT_SECRET is shorter than 32 characters")
    assert len(printed.splitlines()) == 1


def test_an_unknown_vendor_is_one_sentence(tmp_path: Path) -> None:
    environment = environment_of(tmp_path, LLM_MODEL="acme:model", LOG_FORMAT="text")
    with started(tmp_path, environment) as service:
        printed = service.ended()

    assert service.process.returncode not in (0, None)
    assert "LLM_MODEL names the vendor 'acme'" in printed
    assert "Traceback" not in printed


async def test_an_index_in_use_is_one_sentence(tmp_path: Path) -> None:
    index = await open_index(make_settings(tmp_path / "data"))
    with started(tmp_path, environment_of(tmp_path, LOG_FORMAT="text")) as service:
        printed = service.ended()
    await index.close()

    assert service.process.returncode not in (0, None)
    assert "open in another process" in printed
    assert "Traceback" not in printed


def test_at_rest_with_the_embedded_index_it_takes_at_most_160_megabytes(tmp_path: Path) -> None:
    asyncio.run(ingest(make_settings(tmp_path / "data")))
    port = free_port()
    environment = environment_of(tmp_path, API_SERVER_PORT=str(port))
    unmeasured = {name: value for name, value in environment.items() if "COVERAGE" not in name}
    with started(tmp_path, unmeasured) as service:
        wait_for(f"http://127.0.0.1:{port}")
        status = Path(f"/proc/{service.process.pid}/status").read_text()

    (resident,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    assert int(resident.split()[1]) / 1024 <= 160
