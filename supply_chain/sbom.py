"""`python -m supply_chain.sbom`: write what each lock ships as CycloneDX, with its licences.

Made from the locks, hashes included, and so the same wherever it is made.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from supply_chain.licences import licence_of
from supply_chain.locks import SHIPPED

FOLDER = Path("sbom")


def write(lock: Path, folder: Path) -> Path:
    """Write the bill of a lock into a folder, which may be missing; return its path.

    A package that is for other systems has no licence in it.
    """
    made = subprocess.run(  # noqa: S603 -- our own words
        [
            *(sys.executable, "-m", "cyclonedx_py", "requirements", str(lock)),
            *("--pyproject", "pyproject.toml", "--spec-version", "1.6", "--output-reproducible"),
            "--no-validate",  # the tests do, which takes seconds
        ],
        stdout=subprocess.PIPE,
        check=True,
    )
    bill = json.loads(made.stdout)
    for component in bill["components"]:
        try:
            component["licenses"] = [{"expression": licence_of(component["name"])}]
        except PackageNotFoundError:
            continue
    folder.mkdir(exist_ok=True)
    path = folder / f"{lock.stem}.cdx.json"
    path.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    return path


def main(locks: Iterable[Path] = SHIPPED, folder: Path = FOLDER) -> None:
    """Write those of all locks and say where."""
    for lock in locks:
        sys.stdout.write(f"{write(lock, folder)}\n")


if __name__ == "__main__":
    main()
