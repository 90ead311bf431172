import os
from pathlib import Path

import pytest

from api_service.ingestion.loaders.files import MAX_BYTES, Unreadable, read_text, walk


def test_a_file_is_read_with_line_feeds_and_without_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes("\ufeffone\r\ntwo\rthree\n\0".encode())
    assert read_text(path) == "one\ntwo\nthree\n\ufffd"


def test_a_file_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"one\ntwo \xff\n")
    with pytest.raises(Unreadable, match="not UTF-8") as raised:
        read_text(path)
    assert raised.value.line == 2


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"a" * (MAX_BYTES + 1))
    with pytest.raises(Unreadable, match="larger than 5 MB"):
        read_text(path)


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    with pytest.raises(Unreadable, match="not an ordinary file"):
        read_text(tmp_path / "a.md")


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("missing.md")
    with pytest.raises(Unreadable, match="cannot be read"):
        read_text(tmp_path / "a.md")


def test_every_file_is_found_once_whatever_the_links(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "page.md").touch()
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "again").symlink_to(tmp_path / "a", target_is_directory=True)
    assert [path.name for path in walk(tmp_path)] == ["page.md"]


def test_a_linked_folder_outside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "page.md").touch()
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "part").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert [str(path) for path in walk(tmp_path / "book")] == ["part/page.md"]


def test_installed_packages_are_not_walked(tmp_path: Path) -> None:
    (tmp_path / "node_modules" / "x").mkdir(parents=True)
    (tmp_path / "node_modules" / "x" / "README.md").touch()
    assert list(walk(tmp_path)) == []
