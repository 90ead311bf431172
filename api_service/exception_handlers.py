"""Every refusal leaves as a problem: ours, the framework's and the limits'."""

import re
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api_service.metrics import PROBLEMS, TOKENS_REFUSED
from api_service.problem_json import render
from api_service.problems import (
    InvalidRequest,
    InvalidToken,
    MethodNotAllowed,
    NotFound,
    Problem,
    TooLarge,
    TooManyRequests,
    Unexpected,
    invalid,
)
from service_kit.rate_limit import RateLimited

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Make every exception raised behind a route of app leave as a problem."""

    def refuse(request: Request, problem: Problem) -> Response:
        cause = problem.__cause__
        log.info(
            "refused",
            problem=problem.kind,
            status=problem.status,
            cause=type(cause).__name__ if cause else None,
        )
        count(problem)
        return render(problem, quote(request.scope["path"]))

    async def of_ours(request: Request, error: Exception) -> Response:
        return refuse(request, error if isinstance(error, Problem) else Unexpected())

    async def of_limits(request: Request, error: Exception) -> Response:
        seconds = error.retry_after if isinstance(error, RateLimited) else 1
        return refuse(request, TooManyRequests(seconds))

    async def of_values(request: Request, error: Exception) -> Response:
        errors = error.errors() if isinstance(error, RequestValidationError) else ()
        return refuse(request, invalid(errors))

    async def of_the_framework(request: Request, error: Exception) -> Response:
        problem = _translated(error)
        if isinstance(problem, MethodNotAllowed):
            problem.headers |= _allowed(request)
        return refuse(request, problem)

    async def of_the_departed(_request: Request, _error: Exception) -> Response:
        # Nobody is there to read it; nginx's number for this stands in the access log.
        return Response(status_code=499)

    app.add_exception_handler(Problem, of_ours)
    app.add_exception_handler(RateLimited, of_limits)
    app.add_exception_handler(RequestValidationError, of_values)
    app.add_exception_handler(HTTPException, of_the_framework)
    app.add_exception_handler(ClientDisconnect, of_the_departed)


def count(problem: Problem) -> None:
    """Count what a caller is told of, by type; of a token that is refused, by reason as well."""
    PROBLEMS.add(problem.kind.removeprefix("/problems/"))
    if isinstance(problem, InvalidToken):
        TOKENS_REFUSED.add(_reason(problem))


def _reason(problem: InvalidToken) -> str:
    if not problem.presented:
        return "missing"
    if problem.__cause__ is None:  # more than one
        return "malformed"
    return _CAPITALS.sub("_", type(problem.__cause__).__name__).lower()


_CAPITALS = re.compile(r"(?<!^)(?=[A-Z])")


def _allowed(request: Request) -> dict[str, str]:
    """Return the header Allow for a path of several routes: the framework knows but the first."""
    app: FastAPI = request.app
    operations = app.openapi()["paths"].get(request.scope["path"], {})
    return {"Allow": ", ".join(sorted(map(str.upper, operations)))} if operations else {}


def _translated(error: Exception) -> Problem:
    if not isinstance(error, HTTPException):
        return Unexpected()
    match error.status_code:
        case 404:
            return NotFound("There is nothing at this path.")
        case 405:
            return MethodNotAllowed(
                "This path does not answer that method.", headers=dict(error.headers or {})
            )
        case 413:
            return TooLarge(str(error.detail))
        case status if status < 500:  # noqa: PLR2004 -- the border between their faults and ours
            return InvalidRequest("The request cannot be read.")
        case _:
            return Unexpected()
