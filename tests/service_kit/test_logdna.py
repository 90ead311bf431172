import asyncio
import json
import logging
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
from prometheus_client import generate_latest

from service_kit.logdna import LINE_LENGTH, LogDna
from service_kit.logs import configure_logs
from service_kit.metrics import Recorder, measured
from service_kit.metrics.dropped import DROPPED
from tests.loopback import free_port
from tests.service_kit.metrics.reading import parsed, value
from tests.service_kit.scripted_logdna import KEY, ScriptedLogDna, scripted_logdna


@pytest.fixture(autouse=True)
def logs() -> None:
    configure_logs("test-service", "json", "INFO")


@asynccontextmanager
async def sender(
    script: ScriptedLogDna | None = None, *, key: str = KEY, queue_bytes: int = 100_000
) -> AsyncIterator[LogDna]:
    url = f"http://127.0.0.1:{free_port()}/" if script is None else script.url
    logdna = LogDna(url, key, app="test-service", queue_bytes=queue_bytes)
    try:
        yield logdna
    finally:
        await asyncio.to_thread(logdna.close, 0.5)


async def flushed(logdna: LogDna, seconds: float = 20) -> bool:
    return await asyncio.to_thread(logdna.flush, seconds)


def said(capfd: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


async def test_lines_arrive_in_their_order_with_what_logdna_wants_to_know() -> None:
    before = time.time() * 1000
    async with scripted_logdna() as script, sender(script) as logdna:
        logdna.write('{"event":"one","level":"info"}\n')
        logdna.write("no JSON\n")
        assert await flushed(logdna)

    one, two = script.lines
    assert (one["line"], one["app"], one["level"]) == (
        '{"event":"one","level":"info"}',
        "test-service",
        "info",
    )
    assert before - 1 <= one["timestamp"] <= time.time() * 1000
    assert (two["line"], "level" in two) == ("no JSON", False)
    assert (logdna.counts.sent, logdna.counts.dropped) == (2, 0)


async def test_lines_leave_by_themselves_and_together() -> None:
    async with scripted_logdna() as script, sender(script) as logdna:
        for number in range(100):
            logdna.write(f"line {number}")
        await script.taken(100)

    assert [line["line"] for line in script.lines] == [f"line {number}" for number in range(100)]
    assert len(script.batches) <= 3


async def test_much_is_sent_in_several_batches() -> None:
    async with scripted_logdna() as script, sender(script, queue_bytes=5_000_000) as logdna:
        for _ in range(300):
            logdna.write("x" * 10_000)
        assert await flushed(logdna)

    assert sum(script.batches) == 300
    assert len(script.batches) >= 3


async def test_a_line_is_cut_where_logdna_would_cut_it() -> None:
    async with scripted_logdna() as script, sender(script, queue_bytes=5_000_000) as logdna:
        logdna.write("x" * 3_000_000)
        assert await flushed(logdna)

    assert [len(line["line"]) for line in script.lines] == [LINE_LENGTH]


async def test_a_line_written_while_one_is_written_is_taken() -> None:
    number = written = 0

    def interrupt(_number: int, _frame: object) -> None:
        nonlocal number
        number += 1
        logdna.write("from a handler")

    async with sender(queue_bytes=500_000_000) as logdna:
        before = signal.signal(signal.SIGVTALRM, interrupt)
        try:
            for rung in range(50):
                signal.setitimer(signal.ITIMER_VIRTUAL, 0.001)
                while number == rung:
                    logdna.write("x")
                    written += 1
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)
    assert logdna.counts.dropped == written + number


async def test_lines_beyond_the_bound_are_dropped_and_counted_and_that_is_said(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with scripted_logdna() as script, sender(script, queue_bytes=10_000) as logdna:
        script.pause = asyncio.Event()
        logdna.write("first")
        async with asyncio.timeout(20):
            await script.reached.wait()
        started = time.monotonic()
        for _ in range(1000):
            logdna.write("x" * 400)
        assert time.monotonic() - started < 1  # nobody waits for a server that does not answer
        script.pause.set()
        script.pause = None
        assert await flushed(logdna)

    assert 10 <= len(script.lines) <= 25
    assert len(script.lines) + logdna.counts.dropped == 1001
    (line,) = said(capfd)
    assert (line["event"], line["lines_dropped"]) == ("logdna_here", logdna.counts.dropped)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_batch_is_sent_again_where_that_may_help(
    status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    async with scripted_logdna() as script, sender(script) as logdna:
        script.statuses = [status, status]
        logdna.write("kept")
        assert await flushed(logdna)

    assert [line["line"] for line in script.lines] == ["kept"]
    away, here = said(capfd)
    assert (away["event"], away["reason"]) == ("logdna_away", str(status))
    assert (here["event"], here["lines_dropped"]) == ("logdna_here", 0)


async def test_a_wrong_key_is_said_once_and_its_lines_are_dropped(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with scripted_logdna() as script, sender(script, key="marked-key") as logdna:
        for _ in range(3):
            logdna.write("refused")
            assert await flushed(logdna)

    assert (script.lines, logdna.counts.dropped) == ([], 3)
    (line,) = said(capfd)
    assert (line["event"], line["reason"]) == ("logdna_away", "403")
    assert "marked" not in json.dumps(line)


async def test_lines_lost_are_counted_while_logdna_is_still_away() -> None:
    with measured([DROPPED]) as recording:
        async with sender(queue_bytes=1_000) as logdna:
            for _ in range(50):
                logdna.write("x" * 400)
            assert logdna.counts.dropped == 48

            async with asyncio.timeout(20):
                while lost_by(recording) != 48:  # noqa: ASYNC110 -- a scrape tells of no event
                    await asyncio.sleep(0.05)
    assert lost_by(recording) == 50


def lost_by(recording: Recorder) -> float | None:
    told = parsed(generate_latest(recording.registry).decode())
    return value(told, "telemetry_dropped_total", to="logdna")


async def test_nobody_there_holds_up_neither_a_line_nor_the_end(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with sender() as logdna:
        started = time.monotonic()
        for _ in range(50):
            logdna.write("lost")
        assert not await flushed(logdna, 0.5)
    assert time.monotonic() - started < 10

    assert (logdna.counts.sent, logdna.counts.dropped) == (0, 50)
    assert [line["reason"] for line in said(capfd)] == ["ConnectError"]
    logdna.write("after the end")
    assert logdna.counts.dropped == 51


async def test_who_has_waited_in_vain_does_not_wait_again_at_the_end() -> None:
    async with scripted_logdna() as script:
        script.pause = asyncio.Event()
        logdna = LogDna(script.url, KEY, app="test-service")
        logdna.write("late")
        assert not await flushed(logdna, 0.2)
        started = time.monotonic()
        await asyncio.to_thread(logdna.close, 30)
        assert time.monotonic() - started < 15

    assert (logdna.counts.sent, logdna.counts.dropped) == (0, 1)


async def test_who_comes_back_is_sent_what_was_kept() -> None:
    script = ScriptedLogDna(url=f"http://127.0.0.1:{(port := free_port())}/logs/ingest")
    async with sender(script) as logdna:
        logdna.write("before")
        assert not await flushed(logdna, 0.3)
        async with scripted_logdna(script, port=port):
            logdna.write("after")
            assert await flushed(logdna)

    assert [line["line"] for line in script.lines] == ["before", "after"]


async def test_every_line_of_the_process_is_handed_on_as_it_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with scripted_logdna() as script, sender(script) as logdna:
        configure_logs("test-service", "json", "INFO", copy=logdna.write)
        structlog.get_logger().info("ours", value="half a character: \ud800")
        logging.getLogger("some.library").warning("theirs")
        assert await flushed(logdna)

    printed = capfd.readouterr().err.splitlines()
    assert [line["line"] for line in script.lines] == printed
    assert [line["level"] for line in script.lines] == ["info", "warning"]
