import stat
from pathlib import Path

import pytest

from standalone.data_folder import (
    kept_secrets,
    locked,
    not_replaced,
    read_secrets,
    write_secrets,
)
from standalone.refusals import CannotStart


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with locked(tmp_path / "new" / "data") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.is_absolute()


def test_a_folder_serves_one_run_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(CannotStart, match="in use by another run"):
        locked(tmp_path).__enter__()
    with locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotStart, match=r"cannot be written .*set DATA_DIR"):
        locked(tmp_path / "file").__enter__()


def test_secrets_are_strong_and_stay_the_same(tmp_path: Path) -> None:
    first = kept_secrets(tmp_path, ("ONE", "TWO"))

    assert kept_secrets(tmp_path, ("ONE", "TWO")) == first
    assert first["ONE"] != first["TWO"]
    assert all(len(secret) == 64 for secret in first.values())


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    kept_secrets(tmp_path, ("ONE",))

    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_a_new_secret_is_added_beside_the_old(tmp_path: Path) -> None:
    old = kept_secrets(tmp_path, ("ONE",))

    assert kept_secrets(tmp_path, ("ONE", "TWO"))["ONE"] == old["ONE"]


@pytest.mark.parametrize("content", ["{", "[]", '{"ONE": 1}'])
def test_a_damaged_file_of_secrets_is_named_and_not_overwritten(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "secrets.json").write_text(content)

    with pytest.raises(CannotStart, match="is damaged"):
        kept_secrets(tmp_path, ("ONE",))
    assert (tmp_path / "secrets.json").read_text() == content


def test_what_is_written_is_what_is_read_and_the_owners_alone(tmp_path: Path) -> None:
    assert read_secrets(tmp_path) == {}
    (tmp_path / "secrets.new").touch(mode=0o644)  # left by a run that was killed
    write_secrets(tmp_path, {"JWT_SECRETS": "2:new,1:old"})
    assert read_secrets(tmp_path) == {"JWT_SECRETS": "2:new,1:old"}
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_a_secret_and_a_list_of_secrets_stand_for_one_another() -> None:
    kept = {"BETTER_AUTH_SECRET": "a", "JWT_SECRET": "b"}
    assert not_replaced(kept, {}) == kept
    assert not_replaced(kept, {"JWT_SECRETS": "1:c"}) == {"BETTER_AUTH_SECRET": "a"}
    assert not_replaced({"JWT_SECRETS": "1:c"}, {"JWT_SECRET": "b"}) == {}
