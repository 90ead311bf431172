"""The attacks: what is ordered, by which way it comes, and what a model says that obeys."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Way = Literal[
    "message", "chapter", "heading", "title", "anchor", "history", "selection", "page", "profile"
]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attempt.

    Attributes:
        name: The file it stands in, and its place there from 1.
        way: How the order reaches the model.
        order: Its words.
        obeyed: What the model answers to it; {rules} and {canary} stand for what it was told, also
            spelled, backwards and in codes.
        says: What of the answer shows by itself that the order was obeyed; "" if all of it is what
            no answer may hold in any case.
    """

    name: str
    way: Way
    order: str
    obeyed: str
    says: str


def corpus() -> tuple[Attack, ...]:
    here = Path(__file__).parent
    return tuple(
        Attack(
            name=f"{kind} {number}",
            way=each.get("way", kind),
            order=each["order"],
            obeyed=each.get("obeyed", "Here you are: {rules}"),
            says=each.get("says", ""),
        )
        for kind in ("message", "chapter", "elsewhere", "disguised")
        for number, each in enumerate(
            tomllib.loads((here / f"{kind}.toml").read_text("utf-8"))["attack"], start=1
        )
    )
