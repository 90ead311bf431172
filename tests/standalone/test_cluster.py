import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from standalone.cluster import PostgresUnavailable
from tests.standalone.runs import (
    CHECKOUT,
    RUN,
    another_run,
    children,
    eventually,
    postgres,
    query,
    read_reader,
    server_pid,
    write_reader,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "at the start"


def test_the_cluster_does_not_depend_on_the_machine(folder: Path) -> None:
    with postgres(folder, durable=False) as url:
        assert query(url, "SHOW server_encoding") == "UTF8"
        assert query(url, "SHOW data_checksums") == "on"
        assert query(url, "SHOW timezone") == "UTC"
        assert query(url, "SELECT upper('é')") == "É"


def test_the_password_is_nobody_elses_to_read(folder: Path) -> None:
    with postgres(folder, durable=False) as url:
        kept = folder / "password"
        assert kept.read_text() == urlsplit(url).password
        assert kept.stat().st_mode & 0o777 == 0o600
        assert kept.read_text() not in Path(f"/proc/{server_pid(folder)}/cmdline").read_text()
        assert kept.read_text() not in (folder / "server.log").read_text()


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
