"""docs/reliability.md: what is documented of each dependency's faults, and what was seen."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tests.faults.cells import FAULTS, Dependency, Fault, Question, Seen

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"

_INTRO = """\
# When something fails

What the two services answer while something they depend on is refused, reset, silent, slow, cut off
or gone, how soon, and how they come back. This page is written by `make reliability`: it puts a
proxy before each dependency, asks a service that runs as you would run it, compares what is
answered with what is documented here, and fails where it differs. `make test` goes through a part.

| fault | what the proxy does, with connections there are and with new ones |
| --- | --- |
| refused | nobody listens, and what was connected is closed |
| reset | connections are taken, and reset (RST) |
| black hole | connections are taken, and not a byte passes |
| slow | one byte of the dependency's answers passes each second |
| cut | a connection ends after the first bytes of an answer |
| gone for 30 s | as refused, for thirty seconds, in which we go on asking; then it is back |

The same holds everywhere. `/health` asks nothing and stays 200: a service is not better for being
restarted because something else is away. A refusal names its request (`X-Request-ID`), and one of
status 503 says when to come again (`Retry-After`). No service is restarted between two faults, and
after each everything is asked until it is answered as before. *Recovered after* is how long that
took; *left behind* is what the service then held more than before: tasks of its event loop, files
and sockets, which include connections that a pool keeps, and megabytes of memory, which an
allocator keeps for the next time.
"""


def section(dependency: Dependency[Any], seen: Mapping[Fault, Seen], *, on: date) -> str:
    """Return what the page says of a dependency.

    Raises:
        ValueError: A cell is empty.
    """
    if missing := [fault for fault in FAULTS if fault not in seen]:
        raise ValueError(f"{dependency.name}: nothing was seen of {', '.join(missing)}")
    names = [question.name for question in dependency.questions]
    rows = [_seen(fault, seen[fault]) for fault in FAULTS]
    return "\n".join(
        (
            f"## {dependency.name}\n",
            f"{dependency.prose}\n",
            *documented(dependency),
            f"\nSeen on {on.isoformat()}; everything is back within {dependency.recovery:g} s:\n",
            *_table(["fault", *names, "recovered after", "left behind"], rows),
            "",
        )
    )


def documented(dependency: Dependency[Any]) -> Sequence[str]:
    """Return the table of what is answered, line by line."""
    return _table(
        ["asked", "while it is there", "with a fault", "within"],
        [
            [each.name, each.well, _away(each), f"{each.seconds:g} s"]
            for each in dependency.questions
        ],
    )


def written(sections: Mapping[str, str], order: Iterable[str], page: str = "") -> str:
    """Return the page with these sections in place of those of the same name.

    Args:
        sections: By the dependency's name.
        order: All names there are; those of which nothing is known are left out.
        page: As it was.
    """
    parts = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)[1:]
    there = {name: f"## {name}\n{text}" for name, text in zip(parts[::2], parts[1::2], strict=True)}
    known = {**there, **sections}
    return "\n".join(
        (_INTRO, *(known[name].rstrip("\n") + "\n" for name in order if name in known))
    )


def _away(question: Question[Any]) -> str:
    others = (f"{fault}: {text}" for fault, text in question.but.items())
    return "; ".join((question.away, *others))


def _seen(fault: Fault, seen: Seen) -> list[str]:
    left = seen.left
    return [
        fault,
        *(f"{text}, {_seconds(took)}" for text, took in seen.answers),
        _seconds(seen.recovered),
        f"{left.tasks:+d} tasks, {left.files:+d} files, {left.megabytes:+.1f} MB",
    ]


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.1 else "at once"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    if any(not cell for line in lines for cell in line):
        raise ValueError(f"an empty cell under {heads}")
    return [f"| {' | '.join(line)} |" for line in lines]
