"""One trace of a reader's question through both services, as a real collector reads it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.api_service.book import IMU, ingest
from tests.api_service.scripted_openai import (
    breaks_off,
    refuses,
    says,
    says_then_hangs,
    scripted_openai,
)
from tests.api_service.service import make_settings
from tests.contract import replicas
from tests.service_kit.otlp_collector import Collector, Recorded, collecting

CALLER = "b7ad6b7169203331"
QUESTION = "What is an inertial measurement unit? marked-question"
ANSWER = "An IMU is a package of accelerometers and gyroscopes [1]. marked-answer"
NAMES = ("answered", "broken", "left", "unembedded")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was asked, and what became of it at the collector."""

    collector: Collector
    key: str

    def trace(self, name: str) -> dict[tuple[str, str], Recorded]:
        """Return the spans of a question by service and name."""
        wanted = trace_of(name)
        found = [span for span in self.collector.spans if span.trace == wanted]
        return {(span.service, span.name): span for span in found}


def trace_of(name: str) -> str:
    return f"{NAMES.index(name) + 1:032x}"


def under(name: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace_of(name)}-{CALLER}-01"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[str]:
    with running_postgres(folder / "postgres", durable=False) as server:
        migrate(server.url)
        yield server.url


@pytest.fixture(scope="module")
async def seen(folder: Path, database: str) -> AsyncIterator[Seen]:
    data = folder / "data"
    with collecting() as collector:
        endpoint = collector.address
        async with scripted_openai() as openai:
            await ingest(make_settings(data, openai=openai))
            settings = {
                "DATA_DIR": str(data),
                "OPENAI_API_KEY": "sk-marked-vendor-key",
                "OPENAI_BASE_URL": openai.base_url,
                "RATE_LIMIT": "off",
                "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            }
            with (
                replicas.auth_service(
                    folder, database, MAIL_URL="off", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint
                ) as auth,
                replicas.api_service(folder, auth, **settings) as api,
                replicas.signed_up(auth, "marked@example.com") as reader,
            ):
                key = reader.post("api-key/create", name="program").json()["key"]
                async with httpx.AsyncClient(base_url=api, timeout=30) as http:

                    async def ask(name: str, **headers: str) -> httpx.Response:
                        said = {"message": QUESTION}
                        return await http.post(
                            "/v1/chat/stream", json=said, headers={**under(name), **headers}
                        )

                    openai.chat = says(ANSWER[:20], ANSWER[20:], usage=(321, 45))
                    assert (await ask("answered", **{"x-api-key": key})).status_code == 200
                    token = {"authorization": f"Bearer {reader.token}"}
                    openai.chat = breaks_off("An IMU ")
                    await ask("broken", **token)
                    openai.chat = says_then_hangs("An IMU ")
                    named = {**under("left"), **token}
                    asked = {"message": QUESTION}
                    async with http.stream(
                        "POST", "/v1/chat/stream", json=asked, headers=named
                    ) as reply:
                        await anext(reply.aiter_lines())
                        await openai.reached.wait()
                    async with asyncio.timeout(20):
                        await openai.abandoned.wait()
                    openai.chat, openai.embeddings = says(ANSWER), refuses(400)
                    await ask("unembedded", **token)
        # Both have sent what they had when they were told to stop.
        yield Seen(collector, key)


def test_a_question_is_one_trace_from_the_readers_request_to_the_model(seen: Seen) -> None:
    spans = seen.trace("answered")
    asked = spans["api-service", "POST /v1/chat/stream"]
    checked = spans["api-service", "check credentials"]
    verifying = spans["api-service", "POST /internal/api-keys/verify"]
    verified = spans["auth-service", "POST /internal/api-keys/verify"]
    retrieved = spans["api-service", "retrieve"]
    embedded = spans["api-service", "embeddings text-embedding-3-small"]
    searched = spans["api-service", "search index"]
    written = spans["api-service", "chat gpt-4o-mini"]

    assert (asked.parent, asked.kind) == (CALLER, "SERVER")
    assert (verifying.kind, verified.kind) == ("CLIENT", "SERVER")
    assert checked.parent == retrieved.parent == written.parent == asked.id
    assert (verifying.parent, verified.parent) == (checked.id, verifying.id)
    assert embedded.parent == searched.parent == retrieved.id
    assert len(spans) == 8
    assert not any(span.failed for span in spans.values())
    assert asked.began <= checked.began <= checked.ended <= retrieved.began
    assert retrieved.ended <= written.began <= written.ended <= asked.ended


def test_models_are_told_of_by_the_conventions_for_generative_ai(seen: Seen) -> None:
    spans = seen.trace("answered")
    embedded = spans["api-service", "embeddings text-embedding-3-small"].attributes
    written = spans["api-service", "chat gpt-4o-mini"].attributes

    assert embedded == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
        "gen_ai.embeddings.dimension.count": 1536,
    }
    first = written.pop("gen_ai.response.time_to_first_chunk")
    assert isinstance(first, float)
    assert 0 < first < 30
    assert written == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.max_tokens": 800,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.stream": True,
        "gen_ai.usage.input_tokens": 321,
        "gen_ai.usage.output_tokens": 45,
    }


def test_a_model_that_breaks_off_fails_its_span_alone(seen: Seen) -> None:
    spans = seen.trace("broken")

    assert [name for (_, name), span in spans.items() if span.failed] == ["chat gpt-4o-mini"]
    assert spans["api-service", "chat gpt-4o-mini"].attributes["error.type"] == "ModelUnavailable"


def test_what_nobody_waits_for_any_more_is_a_span_that_ends_and_has_not_failed(seen: Seen) -> None:
    spans = seen.trace("left")
    written = spans["api-service", "chat gpt-4o-mini"]
    asked = spans["api-service", "POST /v1/chat/stream"]

    assert (written.attributes["cancelled"], written.failed) == (True, False)
    assert written.parent == asked.id
    assert written.began < written.ended


def test_an_embedder_that_refuses_is_seen_where_terms_do_instead(seen: Seen) -> None:
    spans = seen.trace("unembedded")
    retrieved = spans["api-service", "retrieve"]

    assert spans["api-service", "embeddings text-embedding-3-small"].failed
    assert (retrieved.failed, retrieved.attributes["retrieval.by"]) == (False, "bm25")


def test_no_word_of_what_was_asked_answered_or_presented_is_sent(seen: Seen) -> None:
    sent = b"".join(seen.collector.bodies)

    assert b"POST /v1/chat/stream" in sent
    for secret in ("marked", seen.key, "gyroscopes", IMU.text[:40], "accelerometers", "sk-"):
        assert secret.encode() not in sent, secret
    assert not any("authorization" in headers for headers in seen.collector.headers)
