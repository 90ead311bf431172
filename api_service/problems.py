"""What can go wrong.

    Problem
    ├── InvalidToken        401  the bearer token is missing or wrong
    ├── InvalidApiKey       401  the API key is wrong, disabled or has expired
    ├── NotPermitted        403  the API key may not do this
    ├── InvalidRequest      400  the body is no JSON
    │   └── InvalidInput    422  a value has the wrong type or size
    ├── NotFound            404  no such path
    ├── MethodNotAllowed    405
    ├── TooLarge            413  the body is longer than the limit
    ├── TooManyRequests     429  the caller's limit is used up
    ├── TooManyAnswers      429  as many of the caller's answers as may be are under way
    ├── TokensUsedUp        429  the caller's tokens of the day are used up
    ├── ApiKeyUsedUp        429  the API key's own limit is used up
    ├── Unexpected          500  ours to mend; nothing is told but the request id
    └── Unavailable         503  something the answer needs does not answer
        ├── IndexUnavailable     the vector index
        ├── BookMissing          the index holds no book yet
        ├── KeysUnavailable      auth-service, whose keys check tokens of EdDSA
        ├── LimitUnavailable     where questions are counted
        ├── TooBusy              as many answers as may be are under way
        ├── MonthUsedUp          all tokens of the month are used up
        ├── RevocationsUnknown   what has been revoked
        ├── ApiKeysUnavailable   auth_service, which knows the API keys
        ├── ModelUnavailable     the language model or the embedder
        └── DeadlineExceeded     the answer took too long

Those of budgets stand in `budget_problems`; how a problem leaves, in `problem_json`.
"""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import ClassVar

from pydantic_core import ErrorDetails

RESTARTED = "The service is being restarted."
"""What is said to whoever is cut short by that."""


class Problem(Exception):
    """An expected refusal, answered with its status, title and detail.

    Args:
        detail: What went wrong this time, in a sentence for the caller.
        headers: Added to the reply.
        errors: For invalid input: what is wrong with which member.
    """

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "about:blank"
    title: ClassVar[str] = "Internal Server Error"

    def __init__(
        self,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        errors: tuple[dict[str, str], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.errors = errors


class InvalidToken(Problem):
    """The bearer token is missing or does not hold (RFC 6750 section 3.1)."""

    status = 401
    kind = "/problems/invalid-token"
    title = "Invalid JWT"

    def __init__(self, detail: str, *, presented: bool = True) -> None:
        challenge = 'realm="api-service"'
        if presented:
            challenge = f'error="invalid_token", error_description="{detail}", {challenge}'
        super().__init__(detail, headers={"WWW-Authenticate": f"Bearer {challenge}"})
        self.presented = presented


class InvalidApiKey(Problem):
    """The API key does not hold."""

    status = 401
    kind = "/problems/invalid-api-key"
    title = "Invalid API Key"

    def __init__(self, detail: str) -> None:
        # RFC 9110 section 15.5.2 asks for a challenge; keys have no scheme of their own.
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="api-service"'})


class NotPermitted(Problem):
    """The API key is bound to other permissions."""

    status = 403
    kind = "/problems/not-permitted"
    title = "Not Permitted"


class InvalidRequest(Problem):
    """The request cannot be read."""

    status = 400
    kind = "/problems/invalid-request"
    title = "Invalid Request"


class InvalidInput(InvalidRequest):
    """The request can be read, but a value in it has the wrong type or size."""

    status = 422
    kind = "/problems/invalid-input"
    title = "Invalid Input"


class NotFound(Problem):
    """There is nothing at this path."""

    status = 404
    kind = "/problems/not-found"
    title = "Not Found"


class MethodNotAllowed(Problem):
    """The path exists, but not for this method."""

    status = 405
    kind = "/problems/method-not-allowed"
    title = "Method Not Allowed"


class TooLarge(Problem):
    """The body is longer than the limit."""

    status = 413
    kind = "/problems/too-large"
    title = "Content Too Large"


class TooManyRequests(Problem):
    """The caller has used up a limit."""

    status = 429
    kind = "/problems/too-many-requests"
    title = "Too Many Requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"Too many requests; try again in {retry_after} s.",
            headers={"Retry-After": str(retry_after)},
        )


class ApiKeyUsedUp(Problem):
    """The API key has no uses left, or none at the moment.

    Args:
        detail: Which of the two.
        retry_after: Seconds until it has; None: never.
    """

    status = 429
    kind = "/problems/api-key-used-up"
    title = "API Key Used Up"

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(
            detail, headers={} if retry_after is None else {"Retry-After": str(retry_after)}
        )


class Unexpected(Problem):
    """Ours to mend; the caller is told nothing but the request id."""

    kind = "/problems/unexpected"

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side; the request id leads us to it.")


class Unavailable(Problem):
    """Something the answer needs does not answer; trying again later may help.

    Args:
        detail: What does not answer.
        retry_after: Seconds after which it may, where that is known.
    """

    status = 503
    kind = "/problems/unavailable"
    title = "Service Unavailable"
    retry_after: ClassVar[int] = 5

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        seconds = self.retry_after if retry_after is None else max(1, ceil(retry_after))
        super().__init__(detail, headers={"Retry-After": str(seconds)})


class IndexUnavailable(Unavailable):
    """The vector index does not answer."""

    kind = "/problems/index-unavailable"
    title = "Index Unavailable"


class BookMissing(Unavailable):
    """The index answers, but no book has been ingested into it."""

    kind = "/problems/book-missing"
    title = "Book Missing"
    retry_after = 30


class KeysUnavailable(Unavailable):
    """The public keys of auth-service cannot be had; without them no such token is judged."""

    kind = "/problems/keys-unavailable"
    title = "Keys Unavailable"


class LimitUnavailable(Unavailable):
    """Where questions are counted does not answer; uncounted, each could cost without end."""

    kind = "/problems/limit-unavailable"
    title = "Limit Unavailable"


class RevocationsUnknown(Unavailable):
    """For too long nothing has been heard of what was revoked, so no token can be judged."""

    kind = "/problems/revocations-unknown"
    title = "Revocations Unknown"


class ApiKeysUnavailable(Unavailable):
    """auth_service, which knows the API keys, does not answer."""

    kind = "/problems/api-keys-unavailable"
    title = "API Keys Unavailable"


class ModelUnavailable(Unavailable):
    """The language model or the embedder does not answer.

    Args:
        detail: What does not answer.
        retry_after: Seconds after which it may, where it said so.
        of_the_request: Whether it refuses this request alone, and would answer others.
    """

    kind = "/problems/model-unavailable"
    title = "Model Unavailable"

    def __init__(
        self,
        detail: str = "The model that answers did not answer us.",
        *,
        retry_after: float | None = None,
        of_the_request: bool = False,
    ) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.of_the_request = of_the_request


class DeadlineExceeded(Unavailable):
    """The answer was not ready in time."""

    kind = "/problems/deadline-exceeded"
    title = "Deadline Exceeded"


def invalid(errors: Iterable[ErrorDetails | Mapping[str, object]]) -> InvalidRequest:
    """Return the problem Pydantic's errors amount to; nothing the caller sent is in it.

    Args:
        errors: As ValidationError.errors() lists them: "type", "loc" and "msg".
    """
    found = []
    for error in errors:
        if error["type"] == "json_invalid":
            return InvalidRequest("The body is not valid JSON.")
        place = error["loc"]
        path = list(place) if isinstance(place, tuple) else []
        if error["type"] == "extra_forbidden":
            # The unknown member's name is the caller's own text.
            found.append({"member": "(unknown)", "reason": "There is no such member."})
            continue
        reason = str(error["msg"]).removeprefix("Value error, ")
        named = [str(part) for part in path if part not in ("body", "query", "path", "header")]
        found.append({"member": ".".join(named) or "(body)", "reason": reason})
    return InvalidInput("A value has the wrong type or size.", errors=tuple(found))
