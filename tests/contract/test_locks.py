import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
LOCKS = [
    *sorted((CHECKOUT / "requirements").glob("*.txt")),
    CHECKOUT / "benchmarks/retrieval/requirements.txt",
    CHECKOUT / "benchmarks/soak/requirements.txt",
]


def packages(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9_.-]+)==", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.name))
def test_a_lock_pins_every_package_with_hashes_and_names_no_address(lock: Path) -> None:
    text = lock.read_text()

    assert packages(lock)
    assert len(re.findall(r"^[a-z0-9_.-]+==.* \\\n    --hash=sha256:", text, re.MULTILINE)) == len(
        re.findall(r"^[a-z0-9_.-]+==", text, re.MULTILINE)
    )
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("auth.txt", ("auth", "traces", "sentry")),
        ("api.txt", ("api", "formats", "traces", "sentry")),
        ("run.txt", ("auth", "api", "embedded", "formats", "sentry")),
        ("dev.txt", ("auth", "api", "embedded", "formats", "traces", "sentry", "dev")),
    ],
)
def test_a_lock_holds_what_the_project_file_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    asked = list(project["dependencies"])
    for extra in extras:
        asked += project["optional-dependencies"][extra]
    names = {re.split(r"[\[<>=;~ ]", requirement)[0].lower() for requirement in asked}

    assert names <= packages(CHECKOUT / "requirements" / lock)
