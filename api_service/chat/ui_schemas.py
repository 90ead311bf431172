"""The wire of `/v1/chat/ui`: what of the Vercel AI SDK's requests is heeded."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api_service.chat import question
from api_service.chat.completions_schemas import MESSAGES, checked, latest
from api_service.chat.schemas import Marked
from api_service.problems import InvalidInput


class Part(BaseModel):
    """A part of a message; those that are not text, such as sources, are passed over."""

    model_config = ConfigDict(extra="ignore")

    type: str
    text: str = ""


class UIMessage(BaseModel):
    """A message as the SDK keeps it."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "user", "assistant"]
    parts: list[Part]

    @property
    def said(self) -> str:
        """The words alone."""
        return "".join(part.text for part in self.parts if part.type == "text")


class UIRequest(Marked):
    """What the SDK's chat transport sends, and what a page may add in its `body`."""

    model_config = ConfigDict(extra="ignore")

    messages: list[UIMessage] = Field(
        min_length=1, max_length=MESSAGES, description="The last is the question."
    )

    def asked(self, reader: question.Reader) -> question.Question:
        """Return the question; of a conversation that is too long, the older turns are cut.

        Raises:
            InvalidInput: The last message is no question.
        """
        *before, last = self.messages
        if last.role != "user":
            raise InvalidInput(
                "A value has the wrong type or size.",
                errors=({"member": "messages", "reason": "The last must be the user's."},),
            )
        return question.Question(
            message=checked(last.said, "messages"),
            history=latest([(each.role, each.said) for each in before]),
            selected_text=self.selected_text,
            page_url=self.page_url,
            reader=reader,
        )
