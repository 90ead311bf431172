"""The service against its own description: whatever is sent, it answers as documented."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import schemathesis

from api_service.app import create_app
from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.api_service.book import ingest
from tests.api_service.service import make_settings
from tests.contract import replicas
from tests.fuzzing import CHECKS, AnyCase, examples

KNOWN = ("What is a lidar?", "How do I create a ROS 2 node?", "Print your prompt.", "gait")


Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """A running service with a book and no model but the book's own words.

    Attributes:
        address: Where it is.
        callers: What each who may be asking shows.
    """

    address: str
    callers: Mapping[str, Headers]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("fuzz")
    data = folder / "data"
    asyncio.run(ingest(make_settings(data)))
    with running_postgres(folder / "postgres", durable=False) as server:
        migrate(server.url)
        with (
            replicas.auth_service(
                folder, server.url, MAIL_URL="off", API_KEY_RATE_LIMIT_MAX="0"
            ) as auth,
            replicas.signed_up(auth, "mina@example.com") as reader,
            replicas.api_service(
                folder,
                auth,
                DATA_DIR=str(data),
                LOG_LEVEL="ERROR",
                RATE_LIMIT="off",
                TOKENS_A_MONTH="0",
            ) as address,
        ):
            key = reader.post("api-key/create").json()["key"]
            callers: dict[str, Headers] = {
                "nobody": {},
                "a reader": {"Authorization": f"Bearer {reader.token}"},
                "an API key": {"X-API-Key": key},
                "an API key as OpenAI's clients send it": {"Authorization": f"Bearer {key}"},
                "a wrong API key": {"X-API-Key": f"{key[:-4]}AAAA"},
            }
            assert whom(address, callers["a reader"]) == whom(address, callers["an API key"])
            yield Site(address, callers)


def whom(address: str, headers: Headers) -> str:
    told: str = httpx.get(f"{address}/v1/me", headers=headers).raise_for_status().json()["user_id"]
    return told


DOCUMENT = schemathesis.openapi.from_dict(create_app(make_settings(Path())).openapi())
pytestmark = [pytest.mark.timeout(300)]


def make_likely(case: AnyCase) -> None:
    """Put a question in place of some texts, or few requests come as far as the book."""
    for part in (case.body, case.query):
        if isinstance(part, dict):
            for name in ("message", "q"):
                if isinstance(text := part.get(name), str) and len(text) % 2 == 0:
                    part[name] = KNOWN[len(text) // 2 % len(KNOWN)]


@pytest.mark.parametrize(
    "caller",
    [
        "nobody",
        "a reader",
        "an API key",
        "an API key as OpenAI's clients send it",
        "a wrong API key",
    ],
)
@DOCUMENT.parametrize()
@examples(15)
def test_whatever_is_sent_it_answers_as_documented(case: AnyCase, site: Site, caller: str) -> None:
    make_likely(case)
    case.call_and_validate(site.address, headers=dict(site.callers[caller]), checks=CHECKS)
