import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from supply_chain.locks import SHIPPED, packages
from supply_chain.sbom import write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bills")


@pytest.mark.parametrize("lock", SHIPPED, ids=lambda lock: lock.stem)
def test_a_bill_lists_what_a_lock_ships_with_hashes_and_licences(lock: Path, folder: Path) -> None:
    bill = json.loads(write(lock, folder).read_text(encoding="utf-8"))

    assert bill["metadata"]["component"]["name"] == "ai-book-backend"
    components = {each["name"]: each for each in bill["components"]}
    assert {name: each["version"] for name, each in components.items()} == packages([lock])
    fastapi = components["fastapi"]
    assert fastapi["licenses"] == [{"expression": "MIT"}]
    assert fastapi["purl"].startswith("pkg:pypi/fastapi@")
    assert any("hashes" in each for each in fastapi["externalReferences"])


def test_a_bill_is_what_the_schema_of_cyclonedx_asks_for(folder: Path) -> None:
    text = write(SHIPPED[0], folder).read_text(encoding="utf-8")

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_a_bill_made_twice_is_the_same(folder: Path) -> None:
    first = write(SHIPPED[0], folder).read_text(encoding="utf-8")

    assert write(SHIPPED[0], folder).read_text(encoding="utf-8") == first
