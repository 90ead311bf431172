"""The wire of `/v1/chat/completions` and `/v1/models`: what of OpenAI's requests is heeded."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api_service.chat import question
from api_service.chat.schemas import HISTORY_TURNS, Turn, turns
from api_service.problems import InvalidInput
from api_service.wire import Message

MESSAGES = 1000
"""Most messages of a conversation; clients send it whole each time."""

_MESSAGE: TypeAdapter[str] = TypeAdapter(Message)


class ContentPart(BaseModel):
    """A part of a message; only text can be read."""

    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """A message; what `system`, `developer` and `tool` say is passed over."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None

    @property
    def text(self) -> str:
        """The words alone."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """How a stream is to be."""

    include_usage: bool | None = None


class CompletionRequest(BaseModel):
    """A question in OpenAI's form.

    Members that are not named here, such as `temperature` and `tools`, are passed over: the prompt
    and the way it is answered are the book's.
    """

    model_config = ConfigDict(extra="ignore")

    messages: list[ChatMessage] = Field(
        min_length=1, max_length=MESSAGES, description="The last is the question."
    )
    model: str = Field(default="", description="Any: the book answers.")
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = 1

    @property
    def with_usage(self) -> bool:
        """Whether a stream tells what the answer took."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def asked(self, reader: question.Reader) -> question.Question:
        """Return the question; of a conversation that is too long, the older turns are cut.

        Raises:
            InvalidInput: The last message is no question.
        """
        *before, last = self.messages
        if last.role != "user":
            raise _refused("messages", "The last message must be the user's.")
        said = [(each.role, each.text) for each in before]
        return question.Question(
            message=checked(last.text, "messages"),
            history=latest(said),
            reader=reader,
        )


class Model(BaseModel):
    """What `/v1/models` tells of the one model there is: the book."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class Models(BaseModel):
    """The list of models."""

    object: Literal["list"] = "list"
    data: list[Model]


def checked(text: str, member: str) -> str:
    """Return a question as it counts.

    Raises:
        InvalidInput: It is empty, too long or not printable.
    """
    try:
        return _MESSAGE.validate_python(text)
    except ValidationError as error:
        (first, *_) = error.errors(include_url=False, include_input=False)
        raise _refused(member, first["msg"].removeprefix("Value error, ")) from None


def latest(said: Sequence[tuple[str, str]]) -> tuple[question.Turn, ...]:
    """Return the last turns of a conversation that a program has kept, oldest first.

    Such programs send all of it, so that what is too old or too long is left out, not refused.
    """
    kept: list[Turn] = []
    for role, text in reversed(said):
        if len(kept) == HISTORY_TURNS:
            break
        try:
            kept.append(Turn.model_validate({"role": role, "content": text}))
        except ValidationError:
            continue
    return turns(kept[::-1])


def _refused(member: str, reason: str) -> InvalidInput:
    return InvalidInput(
        "A value has the wrong type or size.", errors=({"member": member, "reason": reason},)
    )
