"""`POST /v1/chat`."""

from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError

from api_service.chat.asking import ask as answered
from api_service.chat.events import Delta, Done
from api_service.chat.prompt import PromptFile
from api_service.chat.question import Question as Asked
from api_service.chat.schemas import Question, Reply, reply
from api_service.dependencies import CurrentCaller, Res, permitted, unless_gone, within_limit
from api_service.identity.caller import Caller
from api_service.problems import invalid
from api_service.resources import Resources

router = APIRouter(
    tags=["chat"], dependencies=[Depends(permitted("book", "ask")), Depends(within_limit)]
)

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Question.model_json_schema()}},
    }
}


async def _question(request: Request) -> Question:
    """Return the body, read only now: FastAPI's own way reads it before it asks for the token.

    Raises:
        InvalidRequest: It is no question.
    """
    try:
        return Question.model_validate_json(await request.body())
    except ValidationError as error:
        raise invalid(error.errors(include_url=False, include_input=False)) from None


def _prompt_file(request: Request) -> PromptFile:
    read: PromptFile = request.state.prompt_file
    return read


@router.post("/chat", openapi_extra=_BODY)
async def ask(
    request: Request,
    caller: CurrentCaller,
    question: Annotated[Question, Depends(_question)],
    resources: Res,
    prompt_file: Annotated[PromptFile, Depends(_prompt_file)],
) -> Reply:
    """Answer a question from the book; a caller who goes away ends the work for it."""
    return await unless_gone(
        request, _reply(Asked(question.message), caller, resources, prompt_file)
    )


async def _reply(
    asked: Asked, caller: Caller, resources: Resources, prompt_file: PromptFile
) -> Reply:
    text: list[str] = []
    events = answered(asked, caller, resources=resources, prompt_file=prompt_file)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Delta):
                text.append(event.text)
            elif isinstance(event, Done):
                return reply("".join(text).strip(), event)
    raise RuntimeError("the answer has no end")
