"""An answer in the wire format of OpenAI's Chat Completions API, whole and in chunks."""

import time
from collections.abc import Mapping, Sequence

from api_service.chat.events import Citation, Delta, Done, Event, Meta
from api_service.chat.schemas import link
from api_service.chat.voices import data
from api_service.chat.voices.json import Whole
from api_service.documents import ScoredChunk
from api_service.problem_json import openai_error
from api_service.problems import Problem

_END = b"data: [DONE]\n\n"


class CompletionChunks:
    """Spells one answer for `/v1/chat/completions` with `stream`.

    The citations are in the chunk that ends the answer, as `url_citation` annotations.

    Args:
        request_id: Under which the logs tell of it.
        with_usage: Whether a last chunk tells what the answer took.
    """

    headers: Mapping[str, str] = {}

    def __init__(self, request_id: str, *, with_usage: bool) -> None:
        self._with_usage = with_usage
        self._chunk: dict[str, object] = {
            "id": _id(request_id),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": "",
        }
        self._begun = False

    def say(self, event: Event) -> bytes:
        """Return the chunks of an event; nothing before the first word, which may still fail."""
        match event:
            case Delta(text=text):
                return self._opened() + self._choice({"content": text})
            case Meta(model=model):
                self._chunk["model"] = model
                return b""
            case Done():
                cited = annotations(event.citations, event.sources)
                last: dict[str, object] = {"annotations": cited} if cited else {}
                spent = self._chunk | {"choices": [], "usage": usage(event)}
                counted = data(spent) if self._with_usage else b""
                return self._opened() + self._choice(last, "stop") + counted + _END
            case _:
                return b""

    def fail(self, problem: Problem) -> bytes:
        """Return the error, at which OpenAI's clients raise."""
        return data(openai_error(problem)) + _END

    def _opened(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return self._choice({"role": "assistant", "content": ""})

    def _choice(self, delta: dict[str, object], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        more: dict[str, object] = {"usage": None} if self._with_usage else {}
        return data(self._chunk | {"choices": [choice]} | more)


def completion(whole: Whole, request_id: str) -> dict[str, object]:
    """Return a whole answer as a completion."""
    done = whole.done
    return {
        "id": _id(request_id),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": done.model,
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": whole.text,
                    "refusal": None,
                    "annotations": annotations(done.citations, done.sources),
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": usage(done),
    }


def annotations(
    citations: Sequence[Citation], sources: Sequence[tuple[int, ScoredChunk]]
) -> list[dict[str, object]]:
    """Return citations in OpenAI's form; `n` and `supported` are ours, and its clients let them."""
    chunks = {n: scored.chunk for n, scored in sources}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": each.start,
                "end_index": each.end,
                "url": link(chunks[each.n]),
                "title": " > ".join(chunks[each.n].heading_path) or chunks[each.n].title,
                "n": each.n,
                "supported": each.supported,
            },
        }
        for each in citations
        if each.n in chunks
    ]


def usage(done: Done) -> dict[str, object] | None:
    """Return what an answer took: nothing where no model was asked, None where it did not say."""
    if done.usage is None and not done.unasked:
        return None
    asked, said = (done.usage.input_tokens, done.usage.output_tokens) if done.usage else (0, 0)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _id(request_id: str) -> str:
    return f"chatcmpl-{request_id}"
