"""What a service that keeps to its own description never does, whatever it is sent."""

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, CheckContext, Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

AnyCase = Case[Any]


def no_crash(_context: CheckContext, response: Response, _case: AnyCase) -> None:
    busy = response.status_code == 503 and "retry-after" in response.headers
    assert response.status_code < 500 or busy, response.text


CHECKS = [
    no_crash,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def examples(most: int) -> settings:
    """Return how requests are made up: so many of each route, the same ones each time."""
    return settings(
        max_examples=most,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
