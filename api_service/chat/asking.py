"""The one way in: what each voice calls to have a caller's question answered within the limits."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from api_service.chat.answer import answer
from api_service.chat.events import Event
from api_service.chat.prompt import PromptFile
from api_service.chat.question import Question
from api_service.identity.caller import Caller
from api_service.resources import Resources


async def ask(
    question: Question, caller: Caller, *, resources: Resources, prompt_file: PromptFile
) -> AsyncGenerator[Event]:
    """Yield the events of an answer; closing the generator early ends all work for it.

    Args:
        question: What is asked.
        caller: Whose limits it counts towards.
        resources: What it is answered with.
        prompt_file: What a model is told.

    Raises:
        Problem: Before the first event or after any; see `answer`.
    """
    del caller
    async with aclosing(answer(question, resources=resources, prompt_file=prompt_file)) as events:
        async for event in events:
            yield event
