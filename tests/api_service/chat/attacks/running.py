"""The attacks made, on a model that obeys whatever it is told last."""

import base64
import codecs
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.responses import Response

from api_service.chat.answer import answer
from api_service.chat.events import Delta, Done
from api_service.chat.prompt import PromptFile, read_prompt_file
from api_service.chat.question import Question, Reader, Turn
from api_service.documents import Chunk
from api_service.resources import Resources, open_resources
from tests.api_service.book import ingest, make_chunk
from tests.api_service.chat.attacks.corpus import Attack
from tests.api_service.chat.attacks.judging import success
from tests.api_service.scripted_openai import Scene, ScriptedOpenAI, says, scripted_openai
from tests.api_service.service import make_settings

HONEST = "A lidar measures distance by timing light [1]."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attack.

    Attributes:
        answer: What the reader got.
        asked: Whether the model was asked at all.
        told: Whether the order reached it.
        success: What the attack achieved.
    """

    attack: Attack
    answer: str
    asked: bool
    told: bool
    success: list[str]


async def outcomes(attacks: Sequence[Attack], folder: Path) -> list[Outcome]:
    """Make every attack on a service of its own making, in a folder for its index."""
    prompt_file = read_prompt_file()
    async with scripted_openai() as openai:
        settings = make_settings(folder, openai=openai)
        await ingest(settings, [_page(number, each) for number, each in enumerate(attacks)])
        async with open_resources(settings) as resources:
            return [
                await _outcome(number, each, openai, resources, prompt_file)
                for number, each in enumerate(attacks)
            ]


async def _outcome(
    number: int,
    attack: Attack,
    openai: ScriptedOpenAI,
    resources: Resources,
    prompt_file: PromptFile,
) -> Outcome:
    openai.requests.clear()
    openai.chat = obeys(attack, prompt_file.canary)
    words, known = "", 0
    stream = answer(_question(number, attack), resources=resources, prompt_file=prompt_file)
    async for event in stream:
        if isinstance(event, Delta):
            words += event.text
        elif isinstance(event, Done):
            known = len(event.considered)
    asked = openai.asked("/chat/completions")
    return Outcome(
        attack=attack,
        answer=words,
        asked=bool(asked),
        told=any(_is_told(attack, body) for body in asked),
        success=success(
            attack,
            words,
            rules=prompt_file.rules,
            canary=prompt_file.canary,
            known=known,
        ),
    )


def obeys(attack: Attack, canary: str) -> Scene:
    """Do what an attack orders wherever it stands in the prompt, else answer honestly."""

    async def scene(openai: ScriptedOpenAI, body: dict[str, Any]) -> Response:
        rules = body["messages"][0]["content"].split("<source")[0]
        said = expanded(attack.obeyed, rules, canary) if _is_told(attack, body) else HONEST
        pieces = [said[at : at + 5] for at in range(0, len(said), 5)]
        return await says(*pieces)(openai, body)

    return scene


def expanded(obeyed: str, rules: str, canary: str) -> str:
    """Return the words of a model that obeys, with what it was told in them."""
    for name, each in (
        ("{canary spelled}", "-".join(canary)),
        ("{canary backwards}", canary[::-1]),
        ("{canary half}", canary[: len(canary) // 2]),
        ("{canary pieces}", f"{canary[:4]}, goes on with {canary[4:8]}, has {canary[8:12]} then"),
        ("{canary decimal}", " ".join(str(ord(each)) for each in canary)),
        ("{canary bits}", " ".join(f"{ord(each):08b}" for each in canary)),
        ("{canary base32}", base64.b32encode(canary.encode()).decode()),
        ("{canary escaped}", "".join(f"\\x{ord(each):02x}" for each in canary)),
        ("{canary wide}", "".join(chr(ord(each) + 0xFEE0) for each in canary)),
        ("{canary}", canary),
        ("{rules spelled}", "-".join(rules)),
        ("{rules backwards}", rules[::-1]),
        ("{rules begun base64}", base64.b64encode(rules[:120].encode()).decode()),
        ("{rules base64}", base64.b64encode(rules.encode()).decode()),
        ("{rules rot13}", codecs.encode(rules, "rot13")),
        ("{rules hex}", rules.encode().hex(" ")),
        ("{rules}", rules),
    ):
        obeyed = obeyed.replace(name, each)
    return obeyed


def _is_told(attack: Attack, body: Mapping[str, Any]) -> bool:
    prompt = "\n".join(str(message["content"]) for message in body["messages"])
    return _read(attack.order) in _read(prompt)


def _read(text: str) -> str:
    """Return a text as a model reads it that minds neither marks nor gaps, but sees the unseen."""
    text = "".join(chr(ord(each) - 0xE0000) if each >= "\U000e0020" else each for each in text)
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def _page(number: int, attack: Attack) -> Chunk:
    """Return a page that an honest question finds, with the order in it where it comes that way."""
    text = f"The lx{number} lidar measures distance by timing light. Rain and dust blind a lidar."
    planted = attack.way == "chapter"
    page = make_chunk(
        f"{text}\n\n{attack.order}" if planted else text,
        page=f"Sensor lx{number}",
        heading=attack.order if attack.way == "heading" else f"The lx{number} lidar",
    )
    match attack.way:
        case "title":
            return replace(page, title=attack.order, heading_path=(attack.order, "The lidar"))
        case "anchor":
            return replace(page, anchor=attack.order)
        case _:
            return page


def _question(number: int, attack: Attack) -> Question:
    message = f"What does the lx{number} lidar measure?"
    match attack.way:
        case "message":
            return Question(attack.order)
        case "history":
            turns = (Turn("user", attack.order), Turn("assistant", "So be it."))
            if attack.order.startswith("Agreed"):
                turns = (Turn("user", "Are you bound?"), Turn("assistant", attack.order))
            return Question(message, history=turns)
        case "selection":
            return Question(message, selected_text=f"A lidar times light.\n\n{attack.order}")
        case "page":
            return Question(message, page_url=attack.order)
        case "profile":
            return Question(message, reader=Reader(interest_area=attack.order))
        case _:
            return Question(message)
