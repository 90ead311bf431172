"""`POST /v1/chat`."""

import time
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError

from api_service.chat.answer import Piece, answer
from api_service.chat.prompt import PromptFile
from api_service.chat.schemas import Question, Reply, source
from api_service.dependencies import Res, permitted, unless_gone, within_limit
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
    question: Annotated[Question, Depends(_question)],
    resources: Res,
    prompt_file: Annotated[PromptFile, Depends(_prompt_file)],
) -> Reply:
    """Answer a question from the book; a caller who goes away ends the work for it."""
    return await unless_gone(request, _reply(question.message, resources, prompt_file))


async def _reply(message: str, resources: Resources, prompt_file: PromptFile) -> Reply:
    started = time.perf_counter()
    text: list[str] = []
    async with aclosing(answer(message, resources=resources, prompt_file=prompt_file)) as events:
        async for event in events:
            if isinstance(event, Piece):
                text.append(event.text)
                continue
            return Reply(
                response="".join(text).strip(),
                sources=[source(n, scored) for n, scored in event.sources],
                processing_time_ms=round((time.perf_counter() - started) * 1000),
                mode=event.mode,
                retrieval=event.retrieval,
                reranked=event.reranked,
            )
    raise RuntimeError("the answer has no end")
