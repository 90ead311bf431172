"""OpenAI's protocol: `POST /v1/chat/completions`, `GET /v1/models`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from api_service.chat.completions_schemas import CompletionRequest, Model, Models
from api_service.chat.routes import AtDesk, described, read, streamed
from api_service.chat.schemas import reader
from api_service.chat.streaming import EventStream
from api_service.chat.voices.completions import CompletionChunks, completion
from api_service.chat.voices.json import gathered
from api_service.dependencies import Res, permitted, unless_gone, within_limit
from api_service.problem_json import OpenAIError
from api_service.problems import NotFound
from service_kit.request_id import current_request_id

_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": OpenAIError} for status in (400, 401, 403, 404, 413, 429, 503)
}

router = APIRouter(
    tags=["openai"], dependencies=[Depends(permitted("book", "ask"))], responses=_REFUSALS
)

_REPLY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A completion, or the chunks of one.",
        "content": {"application/json": {}} | streamed()["content"],
    }
}


@router.post(
    "/chat/completions",
    openapi_extra=described(CompletionRequest),
    response_class=JSONResponse,
    response_model=None,
    responses=_REPLY,
    dependencies=[Depends(within_limit)],
)
async def completions(
    request: Request,
    body: Annotated[CompletionRequest, Depends(read(CompletionRequest))],
    desk: AtDesk,
) -> EventStream | JSONResponse:
    """Answer the last message of a conversation as OpenAI's Chat Completions API would."""
    events = desk.answer(body.asked(reader(desk.caller)))
    if body.stream:
        voice = CompletionChunks(current_request_id(), with_usage=body.with_usage)
        return EventStream(events, voice)
    whole = await unless_gone(request, gathered(events))
    return JSONResponse(
        completion(whole, current_request_id()), headers={"Cache-Control": "no-store"}
    )


@router.get("/models")
async def models(res: Res) -> Models:
    """Return the one model there is: the book."""
    return Models(data=[_book(res.settings.book)])


@router.get("/models/{model}")
async def model(model: str, res: Res) -> Model:
    """Return the book, if that is the model's name."""
    if model != res.settings.book:
        raise NotFound("There is no such model.")
    return _book(res.settings.book)


def _book(name: str) -> Model:
    return Model(id=name, created=0, owned_by="api-service")
