"""`python -m supply_chain.advisories`: ask pip-audit what is known against what is shipped.

Tells and exits 0, whatever it hears: an advisory that appears overnight is about every version that
has this package, not about the change being checked, and a registry that is away says nothing at
all. With `--strict`, which a release asks and a daily job may, it exits 1 for an advisory and 2
where packages could not be asked about.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from supply_chain.locks import SHIPPED

ASKED_SECONDS = 10
"""Longest wait for an answer about one package."""

ALL_SECONDS = 120
"""Longest wait for all of them."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was heard.

    Attributes:
        asked: How many packages were asked about.
        silent: Those nothing could be heard about.
        known: A line for each advisory.
        failure: Why nothing at all was heard, or "".
    """

    asked: int
    silent: tuple[str, ...]
    known: tuple[str, ...]
    failure: str = ""


def ask(locks: Sequence[Path] = SHIPPED, *, osv: str | None = None) -> Report:
    """Ask about the packages of locks.

    Args:
        locks: Files with hashes; what they hold is asked about as it stands.
        osv: Another address of the database of open-source vulnerabilities than its own.
    """
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps"]
    command += ["--format", "json", "--progress-spinner", "off", "--vulnerability-service", "osv"]
    command += ["--timeout", str(ASKED_SECONDS), *(["--osv-url", osv] if osv else [])]
    for lock in locks:
        command += ["--requirement", str(lock)]
    try:
        done = subprocess.run(  # noqa: S603 -- our own words
            command, capture_output=True, text=True, check=False, timeout=ALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        return Report(0, (), (), "it took too long")
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except ValueError:
        last = done.stderr.strip().rpartition("\n")[2]
        return Report(0, (), (), last.partition(":")[0] or "it said nothing")
    return Report(
        asked=len(dependencies),
        silent=tuple(each["name"] for each in dependencies if "skip_reason" in each),
        known=tuple(
            f"{each['name']} {each['version']}: {', '.join([found['id'], *found['aliases']])}, "
            f"mended in {', '.join(found['fix_versions']) or 'no version yet'}"
            for each in dependencies
            for found in each.get("vulns", ())
        ),
    )


def main(
    arguments: Sequence[str] | None = None,
    *,
    locks: Sequence[Path] = SHIPPED,
    say: Callable[[str], object] = print,
) -> int:
    """Ask and tell; return the exit status."""
    parser = argparse.ArgumentParser(prog="supply_chain.advisories")
    parser.add_argument("--strict", action="store_true", help="fail where something is known")
    parser.add_argument("--osv-url", help="another address of the database")
    options = parser.parse_args(arguments)
    report = ask(locks, osv=options.osv_url)
    if report.failure:
        say(f"Advisories are left out: the database cannot be asked ({report.failure}).")
    elif report.silent:
        say(f"Nothing could be heard about {', '.join(report.silent)}.")
    for line in report.known:
        say(line)
    if not report.failure:
        say(f"{report.asked} packages asked about; advisories: {len(report.known)}.")
    if not options.strict:
        return 0
    return 1 if report.known else 2 if report.failure or report.silent else 0


if __name__ == "__main__":
    sys.exit(main())
