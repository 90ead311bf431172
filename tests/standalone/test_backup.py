"""What is asked of a backup before anything is changed; the rest is a journey."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

FILES = {"accounts.zip": b"accounts", "index.jsonl.gz": b"index", "secrets.json": b"{}"}


def restore(folder: Path, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "standalone.backup", "restore", str(folder)],
        cwd=folder.parent,
        env={"PATH": os.defpath, "DATA_DIR": str(data), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder laid out as a backup is."""
    made = tmp_path / "backup"
    made.mkdir()
    for name, content in FILES.items():
        (made / name).write_bytes(content)
    sums = "".join(f"{sha256(each).hexdigest()}  {name}\n" for name, each in FILES.items())
    (made / "SHA256SUMS").write_text(sums)
    return made


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["cut", "altered", "lost"])
def test_a_backup_with_one_file_that_is_not_whole_changes_nothing(
    folder: Path, tmp_path: Path, name: str, harm: str
) -> None:
    content = FILES[name]
    if harm == "lost":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(
            {"cut": content[:-1], "altered": content.swapcase() + b" "}[harm]
        )
    refused = restore(folder, tmp_path / "data")
    assert refused.returncode == 1
    assert f"{name} is not what was saved. Nothing was changed" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_a_folder_that_was_never_finished_is_no_backup(folder: Path, tmp_path: Path) -> None:
    (folder / "SHA256SUMS").unlink()
    refused = restore(folder, tmp_path / "data")
    assert (refused.returncode, "no SHA256SUMS" in refused.stderr) == (1, True)
    (folder / "SHA256SUMS").write_text("")
    assert restore(folder, tmp_path / "data").returncode == 1
    assert not (tmp_path / "data").exists()


def test_sums_lead_to_no_file_outside_of_the_backup(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"other")
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write(f"{sha256(b'other').hexdigest()}  ../other\n")
    assert "is not what was saved" in restore(folder, tmp_path / "data").stderr
