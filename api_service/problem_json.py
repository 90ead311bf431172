"""How a problem is said: `application/problem+json` (RFC 9457)."""

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api_service.problems import Problem
from service_kit.request_id import current_request_id


class ProblemBody(BaseModel):
    """The body of every refusal, for the API's description."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[dict[str, str]] | None = None


def render(problem: Problem, instance: str = "") -> JSONResponse:
    """Return the RFC 9457 reply of a problem.

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
    }
    if problem.errors:
        body["errors"] = problem.errors
    return JSONResponse(
        body,
        status_code=problem.status,
        headers={"Cache-Control": "no-store", **problem.headers},
        media_type="application/problem+json",
    )
