"""Servers run for tests, in this process and in others, and what is asked of them."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg

from standalone.postgres import running_postgres

CHECKOUT = Path(__file__).parents[2]
# A run of its own that can be killed: says its URL, then waits for the end of its input.
RUN = """
import sys
from pathlib import Path
from standalone.postgres import running_postgres
with running_postgres(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def postgres(folder: Path, *, database: str = "ai_book", durable: bool = True) -> Iterator[str]:
    """Run a server and give its URL."""
    with running_postgres(folder, database=database, durable=durable) as server:
        yield server.url


def query(url: str, *statements: str) -> object:
    async def run() -> object:
        db = await asyncpg.connect(url, timeout=10)
        try:
            for statement in statements[:-1]:
                await db.execute(statement)
            return await db.fetchval(statements[-1])
        finally:
            await db.close()

    return asyncio.run(run())


def write_reader(url: str) -> None:
    query(url, "CREATE TABLE reader (name text)", "INSERT INTO reader VALUES ('Mina')", "SELECT 1")


def read_reader(url: str) -> object:
    return query(url, "SELECT name FROM reader")


def server_pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A dead process whose new parent has not looked yet is gone as well.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


@contextmanager
def another_run(
    folder: Path, script: str = RUN, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", script, folder],
        cwd=CHECKOUT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()
