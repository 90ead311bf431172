"""An answer as the Vercel AI SDK's UI message stream, version 1, which `useChat` reads.

Source: ai-sdk.dev, "Stream Protocols", data stream protocol.
"""

import json
from collections.abc import Mapping

from api_service.chat.events import Delta, Done, Event, Meta
from api_service.chat.schemas import Source, account, link, source
from api_service.chat.voices import data
from api_service.documents import ScoredChunk
from api_service.problem_json import body_of
from api_service.problems import Problem

_TEXT = "answer"
_END = b"data: [DONE]\n\n"


class UIMessageChunks:
    """Spells one answer for `/v1/chat/ui`.

    The sources cited are `source-url` parts; what else is told of the answer is the message's
    metadata: that of `done` in `/v1/chat/stream`, without the sources.

    Args:
        request_id: Under which the logs tell of it.
        instance: The path asked for.
    """

    headers: Mapping[str, str] = {"x-vercel-ai-ui-message-stream": "v1"}

    def __init__(self, request_id: str, instance: str) -> None:
        self._request_id = request_id
        self._instance = instance
        self._metadata: dict[str, object] = {"request_id": request_id}
        self._begun = False

    def say(self, event: Event) -> bytes:
        """Return the chunks of an event; nothing before the first word, which may still fail."""
        match event:
            case Delta(text=text):
                return self._opened() + _delta(text)
            case Meta(model=model, mode=mode):
                self._metadata |= {"model": model, "mode": mode}
                return b""
            case Done():
                metadata = account(event, self._request_id).model_dump(
                    mode="json", exclude={"sources"}
                )
                return b"".join(
                    (
                        self._opened(),
                        data({"type": "text-end", "id": _TEXT}),
                        *(_source(n, scored) for n, scored in event.sources),
                        data({"type": "finish-step"}),
                        data({"type": "finish", "messageMetadata": metadata}),
                        _END,
                    )
                )
            case _:
                return b""

    def fail(self, problem: Problem) -> bytes:
        """Return the `error`: its text is the problem's body, as that of a refusal would be."""
        text = json.dumps(
            body_of(problem, self._instance) | {"retryable": "Retry-After" in problem.headers}
        )
        return self._opened() + data({"type": "error", "errorText": text}) + _END

    def _opened(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        begin: dict[str, object] = {
            "type": "start",
            "messageId": f"msg-{self._request_id}",
            "messageMetadata": self._metadata,
        }
        return (
            data(begin) + data({"type": "start-step"}) + data({"type": "text-start", "id": _TEXT})
        )


def _delta(text: str) -> bytes:
    return data({"type": "text-delta", "id": _TEXT, "delta": text})


def _source(n: int, scored: ScoredChunk) -> bytes:
    told: Source = source(n, scored)
    part: dict[str, object] = {
        "type": "source-url",
        "sourceId": str(n),
        "url": link(scored.chunk),
        "title": " > ".join(told.heading_path) or told.title,
        "providerMetadata": {"book": told.model_dump(mode="json")},
    }
    return data(part)
