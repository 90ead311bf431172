"""The voices of an answer: thin encoders, each of which spells the same events in its own way."""

import json
from collections.abc import Mapping
from typing import Protocol

from pydantic import BaseModel

from api_service.chat.events import Event
from api_service.problems import Problem

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


class Voice(Protocol):
    """Spells one answer as a stream; made anew for each.

    Attributes:
        headers: Of the reply, beside those of every stream.
    """

    headers: Mapping[str, str]

    def say(self, event: Event) -> bytes:
        """Return what goes out for an event: b"" as long as there is nothing to be said.

        Nothing has been sent until the first byte, so that until then an answer that fails is
        refused with a status of its own.
        """
        ...

    def fail(self, problem: Problem) -> bytes:
        """Return what ends a stream that has begun and cannot go on."""
        ...


def data(value: BaseModel | dict[str, object]) -> bytes:
    """Return a `data:` line (WHATWG HTML, section 9.2) of a value as JSON, in ASCII alone.

    JSON escapes what ends a line; ASCII, because some clients take U+2028 for such an end, too,
    and because half a character, which a model may send, has no other form.
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return b"data: %b\n\n" % _ENCODE(value).encode()
