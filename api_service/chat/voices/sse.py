"""An answer as server-sent events with names and numbers: `meta`, `sources`, `delta`, `citation`.

The last is always `done`, or `error` with the body that a refusal would have had.
"""

from collections.abc import Mapping

from api_service.chat.events import Citation, Delta, Done, Event, Meta, Sources
from api_service.chat.schemas import account, citation, numbered
from api_service.chat.voices import data
from api_service.problem_json import body_of
from api_service.problems import Problem


class NamedEvents:
    """Spells one answer for `/v1/chat/stream`.

    Args:
        request_id: Under which the logs tell of it.
        instance: The path asked for.
    """

    headers: Mapping[str, str] = {}

    def __init__(self, request_id: str, instance: str) -> None:
        self._request_id = request_id
        self._instance = instance
        self._number = 0
        self._held = b""
        self._found = False

    def say(self, event: Event) -> bytes:
        """Return the event; who answers is held until the sources are found, or the search failed.

        By then most of what can fail has, and the reply may begin.
        """
        match event:
            case Delta(text=text):
                return self._named("delta", data({"text": text}))
            case Meta(model=model, mode=mode):
                told: dict[str, object] = {
                    "request_id": self._request_id,
                    "model": model,
                    "mode": mode,
                }
                self._held += self._named("meta", data(told))
                return self._released() if self._found else b""
            case Sources(considered=considered, retrieval=retrieval, reranked=reranked):
                found: dict[str, object] = {
                    "sources": [each.model_dump(mode="json") for each in numbered(considered)],
                    "retrieval": retrieval,
                    "reranked": reranked,
                }
                self._found = True
                return self._released() + self._named("sources", data(found))
            case Citation():
                return self._named("citation", data(citation(event)))
            case Done():
                return self._released() + self._named(
                    "done", data(account(event, self._request_id))
                )

    def fail(self, problem: Problem) -> bytes:
        """Return the `error`: the problem's body, and whether asking again may help, and when."""
        after = problem.headers.get("Retry-After")
        told = body_of(problem, self._instance) | {
            "retryable": after is not None,
            "retry_after": None if after is None else int(after),
        }
        return self._released() + self._named("error", data(told))

    def _named(self, name: str, line: bytes) -> bytes:
        self._number += 1
        return b"id: %d\nevent: %b\n%b" % (self._number, name.encode(), line)

    def _released(self) -> bytes:
        held, self._held = self._held, b""
        return held
