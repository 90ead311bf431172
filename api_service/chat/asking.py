"""The one way in: what each voice calls to have a caller's question answered within the limits."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import structlog

from api_service.budget_problems import MonthUsedUp, TokensUsedUp
from api_service.chat.answer import answer
from api_service.chat.cache import key_of, told_once
from api_service.chat.deadlines import SEARCH, Deadline
from api_service.chat.events import Done, Event
from api_service.chat.prompt import PromptFile
from api_service.chat.question import Question
from api_service.chat.spending import Spending, most_tokens
from api_service.identity.caller import Caller
from api_service.llms import Usage
from api_service.llms.extractive import ExtractiveModel
from api_service.llms.prices import estimated_cost
from api_service.metrics import COST, TOKENS, UNDER_WAY
from api_service.resources import Resources

log = structlog.get_logger(__name__)


async def ask(
    question: Question, caller: Caller, *, resources: Resources, prompt_file: PromptFile
) -> AsyncGenerator[Event]:
    """Yield the events of an answer; closing the generator early ends all work for it.

    Whoever has read the last event has been counted: what comes next finds the limits up to date.

    Args:
        question: What is asked.
        caller: Whose limits it counts towards.
        resources: What it is answered with.
        prompt_file: What a model is told.

    Raises:
        TooBusy: As many as may be are under way, everybody's together.
        TooManyAnswers: As many of the caller's as may be are under way.
        TokensUsedUp: The caller's tokens of the day do not suffice, and FALLBACK is none.
        MonthUsedUp: Everybody's tokens of the month do not, and FALLBACK is none.
        LimitUnavailable: It cannot be counted.
        Problem: As `answer` does, before the first event or after any.
    """
    done: Done | None = None
    deadline = Deadline.after(resources.settings.answer_seconds)
    told = _told(question, caller, resources, prompt_file, deadline)
    with resources.crowd.place(), UNDER_WAY.held():
        async with resources.budgets.place(caller), aclosing(told) as events:
            async for event in events:
                if isinstance(event, Done):
                    done = event
                else:
                    yield event
    if done is not None:
        yield done


async def _told(
    question: Question,
    caller: Caller,
    resources: Resources,
    prompt_file: PromptFile,
    deadline: Deadline,
) -> AsyncGenerator[Event]:
    """Yield the answer; in the book's own words, if that may be, where tokens do not suffice."""
    tell = partial(_within_tokens, question, caller, resources, prompt_file, deadline)
    shared, key = resources.answers, None
    if shared is not None:
        key = await deadline.part(SEARCH).keep(key_of(question, resources, prompt_file))
    told = (
        tell()
        if shared is None or key is None
        else told_once(key, tell, shared=shared, resources=resources)
    )
    try:
        async with aclosing(told) as events:
            async for event in events:
                yield event
    except (TokensUsedUp, MonthUsedUp) as refusal:  # before the first event, or not at all
        if resources.settings.fallback != "extractive":
            raise
        log.info("answered_without_tokens", problem=refusal.kind)
    else:
        return
    quoting = replace(resources, model=ExtractiveModel(resources.settings.book_language))
    told = _within_tokens(question, caller, quoting, prompt_file, deadline)
    async with aclosing(told) as events:
        async for event in events:
            yield event


async def _within_tokens(
    question: Question,
    caller: Caller,
    resources: Resources,
    prompt_file: PromptFile,
    deadline: Deadline,
) -> AsyncGenerator[Event]:
    """Yield the same, its tokens set aside before and counted when it has ended, however it did."""
    story = answer(question, resources=resources, prompt_file=prompt_file, deadline=deadline)
    if resources.model.mode == "extractive":  # takes none
        async with aclosing(story) as events:
            async for event in events:
                yield event
        return
    reservation = await resources.budgets.reserve(caller, most_tokens(question))
    spending = Spending(question, prompt_file, resources.retriever.language, resources.model.name)
    failure: BaseException | None = None
    try:
        async with aclosing(story) as events:
            async for event in events:
                spending.note(event)
                yield event
    except BaseException as error:
        failure = error
        raise
    finally:
        usage = spending.usage(failure)
        _count(spending.model, usage, resources)
        await resources.budgets.settle(reservation, usage.input_tokens + usage.output_tokens)


def _count(model: str, usage: Usage, resources: Resources) -> None:
    TOKENS.add(model, "input", by=usage.input_tokens)
    TOKENS.add(model, "output", by=usage.output_tokens)
    cost = estimated_cost(model, usage, resources.settings)
    if cost is not None:
        COST.add(model, by=cost)
