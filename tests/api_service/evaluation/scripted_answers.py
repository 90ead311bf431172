"""How a model's answers fare: `python -m tests.api_service.evaluation.scripted_answers`.

A scripted model answers from the sources it is given, three times over: as they say, with each
statement's source mistaken for another, and with what they say denied. The first must be found to
hold, the others not to.
"""

import argparse
import asyncio
import logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import structlog
from starlette.responses import Response

from api_service.evaluation.answer_report import report
from api_service.evaluation.answers import Asked, Questions, ask_all
from api_service.evaluation.judged_sets import read_histories, read_set
from api_service.prose import sentences
from tests.api_service.scripted_openai import Scene, ScriptedOpenAI, says, scripted_openai
from tests.api_service.service import make_settings

Manner = Literal["faithful", "mistaken", "denying"]
"""How the model quotes: right, another source's number, the contrary."""

HELD = 0.95
"""Of the citations of a model that quotes right, those that must be found to hold."""

LET_PASS = {"mistaken": 0.15, "denying": 0.25}
"""Of those of one that quotes wrong, the most that may."""

_SOURCE = re.compile(r'<source n="(\d+)"[^>]*>\n(.*?)\n</source>', re.DOTALL)
_DENIED = re.compile(r"\b(is|are|was|were|does|do|did|can|could|will|would|has|have)( not)?\b")
_QUOTED = 3  # sources
_LEAST = 6  # words of a sentence worth quoting


def quoting(manner: Manner) -> Scene:
    """Quote a sentence of each of the first sources; leave a question that is to be put anew."""

    async def scene(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        instructions, question = (str(each["content"]) for each in body["messages"])
        told = _SOURCE.findall(instructions)
        said = _quotes(told, manner) if told else [question]
        return await says(*said)(openai, body)

    return scene


def _quotes(told: Sequence[tuple[str, str]], manner: Manner) -> list[str]:
    said: list[str] = []
    for place, (number, text) in enumerate(told[:_QUOTED]):
        quotable = [each.text for each in sentences(text) if len(each.text.split()) >= _LEAST]
        if manner == "denying":
            quotable = [_contrary(each) for each in quotable if _DENIED.search(each)]
        if manner == "mistaken":
            number = told[(place + 1) % len(told)][0]  # noqa: PLW2901 -- that is the mistake
        if quotable and not (manner == "mistaken" and len(told) == 1):
            said.append(f"{quotable[0].rstrip('.!?')} [{number}]. ")
    return said or ["The sources do not say."]


def _contrary(sentence: str) -> str:
    return _DENIED.sub(lambda found: found[1] + ("" if found[2] else " not"), sentence, count=1)


async def asked(own: Path, others: Sequence[Path], count: int, manner: Manner) -> Asked:
    """Ask a model of that manner what a set answers and what it does not."""
    questions = Questions(read_set(own), read_histories(own), [read_set(each) for each in others])
    async with scripted_openai() as openai:
        openai.chat = quoting(manner)
        with TemporaryDirectory() as folder:
            settings = make_settings(Path(folder), openai=openai)
            return await ask_all(questions, settings, count, lambda _done, _total: None)


def missed(manner: Manner, precision: float | None) -> bool:
    """Tell whether a figure is not what it must be."""
    if precision is None:
        return True
    return precision < HELD if manner == "faithful" else precision > LET_PASS[manner]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--other", type=Path, action="append", default=[])
    parser.add_argument("--count", type=int, default=100)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    wrong = False
    manners: tuple[Manner, ...] = ("faithful", "mistaken", "denying")
    for manner in manners:
        outcome = asyncio.run(asked(given.data, given.other, given.count, manner))
        if manner == "faithful":
            sys.stdout.write(report(outcome))
        precision = outcome.citation_precision
        told = "none" if precision is None else f"{precision:.4f}"
        sys.stdout.write(f"{manner + ' citations':<22}{told}  found to hold\n")
        wrong = wrong or missed(manner, precision)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
