"""The bodies of api_service's refusals, which clients read: RFC 9457."""

import json
from collections.abc import Iterator

import pytest

from api_service import budget_problems, problems
from api_service.problem_json import render
from api_service.problems import Problem

DOCUMENTED = {
    "InvalidToken": (401, "/problems/invalid-token", "Invalid JWT"),
    "InvalidApiKey": (401, "/problems/invalid-api-key", "Invalid API Key"),
    "NotPermitted": (403, "/problems/not-permitted", "Not Permitted"),
    "InvalidRequest": (400, "/problems/invalid-request", "Invalid Request"),
    "InvalidInput": (422, "/problems/invalid-input", "Invalid Input"),
    "NotFound": (404, "/problems/not-found", "Not Found"),
    "MethodNotAllowed": (405, "/problems/method-not-allowed", "Method Not Allowed"),
    "TooLarge": (413, "/problems/too-large", "Content Too Large"),
    "TooManyRequests": (429, "/problems/too-many-requests", "Too Many Requests"),
    "TooManyAnswers": (429, "/problems/too-many-answers", "Too Many Answers At Once"),
    "TokensUsedUp": (429, "/problems/tokens-used-up", "Tokens Used Up"),
    "ApiKeyUsedUp": (429, "/problems/api-key-used-up", "API Key Used Up"),
    "Unexpected": (500, "/problems/unexpected", "Internal Server Error"),
    "Unavailable": (503, "/problems/unavailable", "Service Unavailable"),
    "IndexUnavailable": (503, "/problems/index-unavailable", "Index Unavailable"),
    "BookMissing": (503, "/problems/book-missing", "Book Missing"),
    "KeysUnavailable": (503, "/problems/keys-unavailable", "Keys Unavailable"),
    "LimitUnavailable": (503, "/problems/limit-unavailable", "Limit Unavailable"),
    "TooBusy": (503, "/problems/too-busy", "Too Busy"),
    "MonthUsedUp": (503, "/problems/month-used-up", "Month Used Up"),
    "RevocationsUnknown": (503, "/problems/revocations-unknown", "Revocations Unknown"),
    "ApiKeysUnavailable": (503, "/problems/api-keys-unavailable", "API Keys Unavailable"),
    "ModelUnavailable": (503, "/problems/model-unavailable", "Model Unavailable"),
    "DeadlineExceeded": (503, "/problems/deadline-exceeded", "Deadline Exceeded"),
}


def tree(root: type[Problem]) -> Iterator[type[Problem]]:
    for kind in root.__subclasses__():
        yield kind
        yield from tree(kind)


MADE = {
    "TooManyRequests": problems.TooManyRequests(7),
    "TooManyAnswers": budget_problems.TooManyAnswers(2, retry_after=7),
    "TokensUsedUp": budget_problems.TokensUsedUp(retry_after=7),
    "TooBusy": budget_problems.TooBusy(retry_after=7),
    "MonthUsedUp": budget_problems.MonthUsedUp(retry_after=7),
    "ApiKeyUsedUp": problems.ApiKeyUsedUp("A sentence.", retry_after=7),
    "Unexpected": problems.Unexpected(),
}
"""Problems that are not made of a sentence alone."""


def make(kind: type[Problem]) -> Problem:
    return MADE.get(kind.__name__) or kind("A sentence.")


def test_every_problem_is_documented() -> None:
    assert {kind.__name__ for kind in tree(Problem)} == set(DOCUMENTED)


@pytest.mark.parametrize("kind", list(tree(Problem)), ids=lambda kind: kind.__name__)
def test_a_problem_keeps_its_status_type_and_title(kind: type[Problem]) -> None:
    reply = render(make(kind), "/v1/chat")
    body = json.loads(bytes(reply.body))

    assert (reply.status_code, body["type"], body["title"]) == DOCUMENTED[kind.__name__]
    assert body["status"] == reply.status_code
    assert body["instance"] == "/v1/chat"
    assert reply.media_type == "application/problem+json"
    names = {"type", "title", "status", "detail", "instance", "request_id", "trace_id"}
    assert set(body) == names


@pytest.mark.parametrize("kind", list(tree(Problem)), ids=lambda kind: kind.__name__)
def test_what_may_be_tried_again_says_when(kind: type[Problem]) -> None:
    reply = render(make(kind))

    assert ("Retry-After" in reply.headers) == (reply.status_code in {429, 503})


def test_every_problem_is_drawn_in_the_tree_of_the_module() -> None:
    drawn = (problems.__doc__ or "").split()

    assert set(DOCUMENTED) <= set(drawn)
