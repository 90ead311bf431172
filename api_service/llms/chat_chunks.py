"""A chunk of a chat model's stream, read as the JSON it is.

The vendor's package turns each chunk into objects of its own, which takes three times as long as
all else that is done with it; a stream is mostly chunks.
"""

from dataclasses import dataclass
from typing import Any

from api_service.llms import Usage


@dataclass(frozen=True, slots=True)
class ChatChunk:
    """What a chunk says.

    Attributes:
        text: The next words; "" in chunks that have none.
        finish_reason: Why the answer ends here, None where it goes on.
        usage: What the answer took, in the chunk that tells it.
    """

    text: str
    finish_reason: str | None
    usage: Usage | None


def read_chunk(chunk: Any) -> ChatChunk:  # noqa: ANN401 -- JSON of somebody else's
    """Return what a chunk says: the first choice's words, as only one is asked for.

    Source: OpenAI's API reference, "The chat completion chunk object". Servers that speak the same
    leave out members that say nothing.

    Raises:
        AttributeError, LookupError, TypeError, ValueError: It is no such object.
    """
    choices = chunk.get("choices")
    choice = choices[0] if choices else {}
    text = (choice.get("delta") or {}).get("content") or ""
    if not isinstance(text, str):
        raise TypeError("a piece of the answer is no text")
    usage = chunk.get("usage")
    return ChatChunk(
        text=text,
        finish_reason=choice.get("finish_reason") or None,
        usage=Usage(int(usage["prompt_tokens"]), int(usage["completion_tokens"]))
        if usage
        else None,
    )
