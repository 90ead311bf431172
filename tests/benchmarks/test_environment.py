import hashlib
from pathlib import Path

from benchmarks.environment import installed


def test_an_environment_of_the_same_lock_is_used_again(tmp_path: Path) -> None:
    lock, folder = tmp_path / "lock.txt", tmp_path / "environment"
    lock.write_text("of something\n")
    folder.mkdir()
    (folder / ".installed").write_text(hashlib.sha256(lock.read_bytes()).hexdigest())
    assert installed(lock, folder) == folder / "bin"
    assert list(folder.iterdir()) == [folder / ".installed"]
