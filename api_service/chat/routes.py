"""`/v1/chat` in three voices: as one reply, as named events, as the Vercel AI SDK's stream."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ValidationError

from api_service.chat.asking import ask
from api_service.chat.events import Event
from api_service.chat.prompt import PromptFile
from api_service.chat.question import Question as Asked
from api_service.chat.schemas import Question, Reply, reader, turns
from api_service.chat.streaming import EventStream
from api_service.chat.ui_schemas import UIRequest
from api_service.chat.voices.json import gathered, reply
from api_service.chat.voices.sse import NamedEvents
from api_service.chat.voices.ui_messages import UIMessageChunks
from api_service.dependencies import (
    CurrentCaller,
    Res,
    permitted,
    unless_gone,
    within_limit,
)
from api_service.identity.caller import Caller
from api_service.problems import invalid
from api_service.resources import Resources
from api_service.wire import Message
from service_kit.request_id import current_request_id

router = APIRouter(
    tags=["chat"], dependencies=[Depends(permitted("book", "ask")), Depends(within_limit)]
)

Body = TypeVar("Body", bound=BaseModel)


def read(model: type[Body]) -> Callable[[Request], Any]:
    """Return a dependency that reads a body, only now: FastAPI's own way reads it before the token.

    Args:
        model: What the body must be.
    """

    async def body(request: Request) -> Body:
        try:
            return model.model_validate_json(await request.body())
        except ValidationError as error:
            raise invalid(error.errors(include_url=False, include_input=False)) from None

    return body


def described(model: type[BaseModel]) -> dict[str, Any]:
    """Return what the API's description says of a body that is read so."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _whole_schema(model)}},
        }
    }


def _whole_schema(model: type[BaseModel]) -> object:
    """Return a schema that refers to nothing, as one within a larger document has to."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})

    def inlined(value: object) -> object:
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).removeprefix("#/$defs/")
            return {key: inlined(each) for key, each in (parts.get(name) or value).items()}
        return [inlined(each) for each in value] if isinstance(value, list) else value

    return inlined(schema)


def streamed(*names: str) -> dict[str, Any]:
    """Return what the API's description says of a stream: of each of its events.

    Args:
        names: Those its events have; none: they have no names, and no ids.
    """
    event: dict[str, Any] = {
        "type": "object",
        "properties": {"data": {"type": "string", "contentMediaType": "application/json"}},
        "required": ["data"],
    }
    if names:
        event["properties"] |= {"event": {"enum": names}, "id": {"type": "string"}}
        event["required"] += ["event", "id"]
    return {
        "description": "The answer, as it comes about.",
        "content": {"text/event-stream": {"schema": event}},
    }


@dataclass(frozen=True, slots=True)
class Desk:
    """Where questions of one caller are answered."""

    caller: Caller
    resources: Resources
    prompt_file: PromptFile

    def answer(self, asked: Asked) -> AsyncGenerator[Event]:
        """Return the events of an answer."""
        return ask(asked, self.caller, resources=self.resources, prompt_file=self.prompt_file)


async def _desk(request: Request, caller: CurrentCaller, resources: Res) -> Desk:
    return Desk(caller, resources, request.state.prompt_file)


AtDesk = Annotated[Desk, Depends(_desk)]


def _asked(question: Question, caller: Caller) -> Asked:
    return Asked(
        message=question.message,
        history=turns(question.history),
        selected_text=question.selected_text,
        page_url=question.page_url,
        reader=reader(caller),
    )


@router.post("/chat", openapi_extra=described(Question), response_model_exclude_unset=True)
async def chat(
    request: Request,
    question: Annotated[Question, Depends(read(Question))],
    desk: AtDesk,
) -> Reply:
    """Answer a question from the book; a caller who goes away ends the work for it."""
    return await _whole(request, question, desk)


@router.get("/chat", response_model_exclude_unset=True)
async def chat_by_address(
    request: Request,
    message: Annotated[Message, Query(description="What is asked.")],
    desk: AtDesk,
) -> Reply:
    """Answer a question that stands in the address; logs leave it out."""
    await request.body()  # so that what comes next from the caller is their leaving
    return await _whole(request, Question(message=message), desk)


async def _whole(request: Request, question: Question, desk: Desk) -> Reply:
    whole = await unless_gone(request, gathered(desk.answer(_asked(question, desk.caller))))
    return reply(whole, current_request_id(), considered=question.considered)


@router.post(
    "/chat/stream",
    openapi_extra=described(Question),
    status_code=200,
    response_class=EventStream,
    responses={200: streamed("meta", "sources", "delta", "citation", "done", "error")},
)
async def stream(
    request: Request,
    question: Annotated[Question, Depends(read(Question))],
    desk: AtDesk,
) -> EventStream:
    """Answer a question in named events: meta, sources, delta, citation, done or error."""
    voice = NamedEvents(current_request_id(), request.scope["path"])
    return EventStream(desk.answer(_asked(question, desk.caller)), voice)


@router.post(
    "/chat/ui",
    openapi_extra=described(UIRequest),
    status_code=200,
    response_class=EventStream,
    responses={200: streamed()},
)
async def ui(
    request: Request,
    conversation: Annotated[UIRequest, Depends(read(UIRequest))],
    desk: AtDesk,
) -> EventStream:
    """Answer a question in the UI message stream of the Vercel AI SDK, for `useChat`."""
    voice = UIMessageChunks(current_request_id(), request.scope["path"])
    return EventStream(desk.answer(conversation.asked(reader(desk.caller))), voice)
