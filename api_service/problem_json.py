"""How a problem is said: `application/problem+json` (RFC 9457).

Where OpenAI's protocol is spoken, it is said as OpenAI says errors.
"""

from urllib.parse import quote

from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from api_service.problems import Problem
from service_kit.request_id import current_request_id
from service_kit.trace_context import current_trace_id

OPENAI_PATHS = ("/v1/chat/completions", "/v1/models")
"""Paths, and beginnings of paths, at which OpenAI's clients ask."""

_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_INVALID_INPUT = 422
_FIRST_OF_OURS = 500


class ProblemBody(BaseModel):
    """The body of every refusal, for the API's description."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    trace_id: str
    errors: list[dict[str, str]] | None = None


class OpenAIErrorBody(BaseModel):
    """What is wrong, in OpenAI's words."""

    message: str
    type: str
    param: str | None
    code: str


class OpenAIError(BaseModel):
    """The body of a refusal where OpenAI's protocol is spoken, for the API's description."""

    error: OpenAIErrorBody


def body_of(problem: Problem, instance: str) -> dict[str, object]:
    """Return the RFC 9457 body of a problem.

    Args:
        problem: What went wrong.
        instance: The path asked for, percent-encoded and without its query string.
    """
    body: dict[str, object] = {
        "type": problem.kind,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "request_id": current_request_id(),
        "trace_id": current_trace_id(),
    }
    if problem.errors:
        body["errors"] = problem.errors
    return body


def openai_error(problem: Problem) -> dict[str, object]:
    """Return the body of a problem as OpenAI says errors."""
    ours = problem.status >= _FIRST_OF_OURS
    kind = "server_error" if ours else _OPENAI_TYPES.get(problem.status, "invalid_request_error")
    first = problem.errors[0] if problem.errors else None
    return {
        "error": {
            "message": f"{problem.detail} {first['member']}: {first['reason']}"
            if first
            else problem.detail,
            "type": kind,
            "param": first["member"] if first else None,
            "code": problem.kind.removeprefix("/problems/").replace("-", "_"),
        }
    }


def render(problem: Problem, instance: str = "") -> JSONResponse:
    """Return the reply of a problem; arguments as for `body_of`.

    Where no path is given, the reply names the one it is sent from.
    """
    return _Refusal(problem, instance)


class _Refusal(JSONResponse):
    """A problem's reply, in the form of the protocol that is spoken at the path asked for."""

    def __init__(self, problem: Problem, instance: str) -> None:
        self._problem = problem
        self._placed = bool(instance)
        super().__init__(
            body_of(problem, instance),
            status_code=problem.status,
            headers={"Cache-Control": "no-store", **problem.headers},
            media_type="application/problem+json",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; what is too long to be read, or crashes, comes here too."""
        if not scope["path"].startswith(OPENAI_PATHS):
            if self._placed:
                await super().__call__(scope, receive, send)
            else:
                await _Refusal(self._problem, quote(scope["path"]) or "/")(scope, receive, send)
            return
        status = self._problem.status
        said = JSONResponse(
            openai_error(self._problem),
            status_code=400 if status == _INVALID_INPUT else status,  # as OpenAI has it
            headers={"Cache-Control": "no-store", **self._problem.headers},
        )
        await said(scope, receive, send)
