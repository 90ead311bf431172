"""Questions asked as routes ask them, of resources that are opened for it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from api_service.chat.asking import ask
from api_service.chat.events import Event
from api_service.chat.prompt import PromptFile, read_prompt_file
from api_service.chat.question import Question, Reader
from api_service.identity.caller import Caller
from api_service.resources import Resources, open_resources
from tests.api_service.book import ingest
from tests.api_service.callers import make_caller
from tests.api_service.scripted_openai import ScriptedOpenAI, says
from tests.api_service.service import make_settings

ADA = make_caller("ada")
QUESTION = Question("What is a lidar?", reader=Reader(software_background="Python"))
PROMPT_FILE = read_prompt_file()

TAKEN = 1290
"""Tokens that `BILLED` takes, as the vendor tells it."""

BILLED = says("A lidar [1].", usage=(1234, TAKEN - 1234))


@asynccontextmanager
async def opened(
    folder: Path,
    openai: ScriptedOpenAI | None = None,
    *,
    counted_in: str = "memory://",
    **changes: object,
) -> AsyncIterator[Resources]:
    """Put the book into an index there, and open everything that answers take."""
    settings = make_settings(folder, openai=openai, limit="100/minute", counted_in=counted_in)
    settings = settings.model_copy(update=changes)
    await ingest(settings)
    async with open_resources(settings) as resources:
        yield resources


def asked(
    resources: Resources,
    question: Question = QUESTION,
    of: Caller = ADA,
    prompt_file: PromptFile = PROMPT_FILE,
) -> AsyncGenerator[Event]:
    """Ask, and return the events of the answer."""
    return ask(question, of, resources=resources, prompt_file=prompt_file)


async def heard(events: AsyncGenerator[Event]) -> list[Event]:
    """Read the answer to its end."""
    return [event async for event in events]
