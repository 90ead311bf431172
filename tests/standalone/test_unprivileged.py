import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from standalone.unprivileged import Account, account_for, reachable, seen_inside, spawn

NOBODY = Account(65534, 65534)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run programs as another")


def make_package(folder: Path) -> Path:
    package = folder / "package"
    package.mkdir(parents=True)
    program = package / "program"
    program.write_text("#!/bin/sh\nid -u; pwd -P; id -G; echo ${PGOPTIONS-unset}\n")
    program.chmod(0o755)
    return package


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_who_is_not_root_works_as_themselves(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        assert account_for(tmp_path / "not made yet") is not None
    else:
        assert account_for(tmp_path) is None


@as_root
def test_root_works_on_a_folder_as_its_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 54321)
    assert account_for(tmp_path) == Account(12345, 54321)


@as_root
def test_a_program_runs_with_the_rights_of_the_account_alone(tmp_path: Path) -> None:
    with ExitStack() as stack:
        program = reachable(stack, make_package(tmp_path), "program", NOBODY, key=tmp_path.name)
        with (tmp_path / "output").open("wb") as output:
            spawn([program / "program"], NOBODY, output=output, cwd=Path("/")).communicate()
    assert (tmp_path / "output").read_text().split() == ["65534", "/", "65534", "unset"]


@as_root
def test_a_program_out_of_reach_is_copied_for_as_long_as_it_is_needed(closed: Path) -> None:
    package = make_package(closed)
    with ExitStack() as stack:
        copy = reachable(stack, package, "program", NOBODY, key=f"test-{closed.stat().st_ino}")
        assert copy != package
        with spawn([copy / "program"], NOBODY) as process:
            pass
        assert process.returncode == 0
    assert not copy.parent.exists()
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_the_copy_of_a_killed_run_is_replaced(closed: Path) -> None:
    package = make_package(closed)
    key = f"test-{closed.stat().st_ino}"
    killed = ExitStack()
    left = reachable(killed, package, "program", NOBODY, key=key)
    (left / "old").touch()
    with ExitStack() as stack:
        copy = reachable(stack, package, "program", NOBODY, key=key)
        assert copy == left
        assert not (copy / "old").exists()


def test_our_own_programs_stay_where_they_are(closed: Path) -> None:
    package = make_package(closed)
    with ExitStack() as stack:
        assert reachable(stack, package, "program", None, key="unused") == package


@as_root
def test_a_program_that_no_copy_helps_is_refused(closed: Path) -> None:
    package = make_package(closed)
    (package / "program").write_text("#!/bin/sh\nexit 1\n")
    with ExitStack() as stack, pytest.raises(PermissionError, match="no account but root"):
        reachable(stack, package, "program", NOBODY, key=f"test-{closed.stat().st_ino}")


@as_root
@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="needs /proc")
def test_an_account_works_in_a_folder_it_has_no_way_to(closed: Path, tmp_path: Path) -> None:
    own = closed / "own"
    own.mkdir()
    os.chown(own, NOBODY.uid, NOBODY.gid)
    touch: list[str | Path] = ["/usr/bin/touch", seen_inside(own, NOBODY) / "made"]
    with spawn(touch, NOBODY, cwd=own) as process:
        pass
    assert process.returncode == 0
    assert (own / "made").stat().st_uid == NOBODY.uid


def test_our_own_folder_goes_by_its_own_name(tmp_path: Path) -> None:
    assert seen_inside(tmp_path, None) == tmp_path
