"""What an image is made of, as far as it can be told without making one."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
DOCKERFILES = ("Dockerfile.auth", "Dockerfile.api")


def test_nothing_is_sent_to_a_build_but_what_is_named() -> None:
    first, *allowed = [
        line
        for line in (CHECKOUT / ".dockerignore").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert first == "*"
    sent = {line.removeprefix("!") for line in allowed if line.startswith("!")}
    assert not {part for path in sent for part in path.split("/")} & {
        ".git",
        ".env",
        "tests",
        "ops",
    }
    assert len(sent) + 1 == len(allowed)  # and caches of bytecode are left out again


@pytest.mark.parametrize("file", DOCKERFILES)
def test_an_image_has_no_tests_no_tools_and_no_root(file: str) -> None:
    text = (CHECKOUT / file).read_text("utf-8")
    build, last = text.split("\nFROM scratch\n")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert copied
    assert not {"tests", "."} & {name for line in copied for name in line.split()}
    assert "pip uninstall --yes setuptools pip" in build
    assert "-type d -name tests -prune -exec rm -rf" in build
    assert re.search(r"^USER book$", last, re.MULTILINE)
    assert not re.search(r"^RUN .*(apt-get|pip)", last, re.MULTILINE)
