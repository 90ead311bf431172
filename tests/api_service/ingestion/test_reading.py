"""Pages read in several processes: the same as in one, and nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pytest

from api_service.documents import DEFAULT_BOOK
from api_service.ingestion.loaders import BrokenPage, page_files
from api_service.ingestion.loaders.sites import site_of
from api_service.ingestion.reading import Reading, ReadPage, read, read_all
from tests.api_service.ingestion.books import BASE_URL
from tests.api_service.ingestion.test_main import ROOT

PROSE = "Grippers hold what cameras see, and elbows bend where joints allow. " * 50


def write_long_book(folder: Path) -> Reading:
    """Write a book that is long enough to be read by several processes, with a broken page."""
    folder.mkdir()
    for number in range(40):
        sections = "\n".join(f"## Part {part}\n\n{PROSE}" for part in range(26))
        (folder / f"page{number:02}.md").write_text(f"# Page {number}\n\n{sections}\n", "utf-8")
    (folder / "page50.md").write_bytes(b"\xff\xfe")
    return Reading(site_of(folder, BASE_URL), DEFAULT_BOOK, 400, "english", None)


async def test_several_processes_read_what_one_reads_in_order(tmp_path: Path) -> None:
    reading = write_long_book(tmp_path / "book")
    _, paths = page_files(reading.site.folder, base_url=BASE_URL)
    done = [each async for each in read_all(reading, paths)]
    pages = [page for each in done for page in each.pages]
    if len(os.sched_getaffinity(0)) > 1:
        assert len({each.process for each in done}) > 1
        assert os.getpid() not in {each.process for each in done}
    assert all(each.peak_memory > 10_000_000 for each in done)
    assert len(pages) == 41
    assert isinstance(pages[-1], BrokenPage)
    paths_read = [page.record.path for page in pages if isinstance(page, ReadPage)]
    assert paths_read == sorted(paths_read)
    some = [PurePosixPath("page07.md"), PurePosixPath("page50.md")]
    assert read(reading, some).pages == [pages[7], pages[-1]]


def processes_of(group: int) -> list[str]:
    """Return the processes of a group that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(stat.parent.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux' /proc")
async def test_processes_that_read_end_with_a_command_that_is_killed(tmp_path: Path) -> None:
    reading = write_long_book(tmp_path / "book")
    command = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond
        [sys.executable, "-m", "api_service.ingestion", str(reading.site.folder)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path / "d")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        ends = time.monotonic() + 60
        while len(processes_of(command.pid)) < 3 and command.poll() is None:
            assert time.monotonic() < ends
            await asyncio.sleep(0.05)
    finally:
        command.send_signal(signal.SIGKILL)
        command.wait()
    ends = time.monotonic() + 30
    while processes_of(command.pid):
        assert time.monotonic() < ends, processes_of(command.pid)
        await asyncio.sleep(0.1)
