"""Nothing a reader sends or is given is on a log line, or leaves for those who watch the services.

Marked values go through both services as they run for readers, and are looked for in all that is
written or sent: the services' own streams, LogDNA, Sentry, a collector of traces, Prometheus.
"""

import asyncio
import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.api_service.book import BOOK, ingest, make_chunk
from tests.api_service.scripted_openai import ScriptedOpenAI, says, scripted_openai
from tests.api_service.service import make_settings
from tests.auth_service.mail.server import MailServer, mail_server
from tests.auth_service.oauth.authorization_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    Person,
    Provider,
    provider_serving,
)
from tests.auth_service.service import COOKIE_SECRET, ORIGIN, TOKEN_SECRET
from tests.contract import marked, replicas
from tests.loopback import free_port
from tests.service_kit.otlp_collector import Collector, collecting
from tests.service_kit.scripted_logdna import KEY as LOGDNA_KEY
from tests.service_kit.scripted_logdna import ScriptedLogDna, scripted_logdna
from tests.service_kit.scripted_sentry import ScriptedSentry, scripted_sentry

OTHER_NAME = "marked-other-name"
PAGE = make_chunk("A marked gait is told of here.", page="Marked", heading="Marked gaits")


@dataclass
class Watched:
    """Who watches the services, and whom they ask."""

    logdna: ScriptedLogDna
    sentry: ScriptedSentry
    collector: Collector
    openai: ScriptedOpenAI
    provider: Provider
    mails: MailServer
    given: marked.Given = field(default_factory=marked.Given)
    crashed: str = ""
    written: str = ""
    pages: str = ""

    def streams(self) -> dict[str, str]:
        spans = b"".join(self.collector.bodies).decode("latin-1")
        return {
            "the services' own": self.written,
            "LogDNA": self.logdna.raw,
            "Sentry": self.sentry.raw,
            "the collector": spans,
            "Prometheus": self.pages,
        }


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("log_format", "level"), [("json", "DEBUG"), ("text", "INFO")])
async def test_nothing_of_a_reader_is_in_anything_that_is_written_or_sent(
    log_format: str, level: str, tmp_path: Path
) -> None:
    async with (
        scripted_logdna() as logdna,
        scripted_sentry() as sentry,
        scripted_openai() as openai,
        provider_serving() as provider,
        mail_server() as mails,
    ):
        openai.chat = says("A marked-answer [1].", usage=(3, 4))
        provider.person = Person(email="marked-google@example.com", name="marked-name")
        # To one who resets a password, and to all others.
        mails.to_recipients = [f"550 5.1.1 <{marked.EMAIL}> marked", *["250 OK"] * 50]
        await ingest(make_settings(tmp_path / "data", openai=openai), (*BOOK, PAGE))
        with collecting() as collector:
            seen = Watched(logdna, sentry, collector, openai, provider, mails)
            said = {"LOG_FORMAT": log_format, "LOG_LEVEL": level}
            await asyncio.to_thread(drive, tmp_path, said, seen)

    keys = (COOKIE_SECRET, TOKEN_SECRET, CLIENT_SECRET, LOGDNA_KEY, marked.ADDRESS)
    written_otherwise = ("arked", "ARKED", "eyJ", "bWFya2Vk", "%6darked")
    assert len(seen.given.secrets) >= 10
    for name, stream in seen.streams().items():
        assert stream, f"nothing was told to {name}"
        for secret in (*seen.given.secrets, *keys, *written_otherwise):
            assert secret not in stream, (name, secret, around(stream, secret))
    # That nothing is found because nothing was said would be too easy.
    for event in (
        *("request", "request_refused", "refused", "stream_failed", "model_unavailable"),
        *("question_not_embedded", "request_crashed", "mail_refused", "oauth_signed_in"),
        *("oauth_refused", "oauth_provider_refused", "service_refused", "database_unavailable"),
        *("head_too_long", "auth_service_away"),
    ):
        assert event in seen.written, event
        assert event in seen.logdna.raw, event
    assert "CheckViolationError" in seen.written  # whose text quotes the whole row
    (told,) = (each for each in seen.sentry.events if each["message"] == "request_crashed")
    assert (told["tags"]["service"], told["tags"]["request_id"]) == ("auth-service", seen.crashed)
    if log_format == "json":
        lines = [json.loads(line) for line in seen.written.splitlines()]
        assert {line["service"] for line in lines} == {"auth-service", "api-service"}


def around(stream: str, secret: str) -> str:
    place = stream.find(secret)
    return stream[max(0, place - 200) : place + 100]


def drive(folder: Path, said: dict[str, str], seen: Watched) -> None:
    """Be all kinds of callers of both services, and take their database away; then stop them."""
    ports = {"AUTH_METRICS_PORT": str(free_port()), "API_METRICS_PORT": str(free_port())}
    telling: dict[str, Any] = {
        **said,
        **ports,
        "OPENAPI": "on",
        "LOGDNA_INGESTION_KEY": LOGDNA_KEY,
        "LOGDNA_URL": seen.logdna.url,
        "SENTRY_DSN": seen.sentry.dsn,
        "OTEL_EXPORTER_OTLP_ENDPOINT": seen.collector.address,
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=marked",
    }
    answering = {
        "DATA_DIR": str(folder / "data"),
        "OPENAI_API_KEY": "sk-marked",
        "OPENAI_BASE_URL": seen.openai.base_url,
        "FALLBACK": "none",
        "RATE_LIMIT": "off",
    }
    knowing: dict[str, Any] = {
        "MAIL_URL": seen.mails.url,
        "GOOGLE_CLIENT_ID": CLIENT_ID,
        "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
        "GOOGLE_BASE_URL": seen.provider.url,
    }
    with ExitStack() as life:
        server = life.enter_context(running_postgres(folder / "postgres", durable=False))
        migrate(server.url)
        with (
            replicas.auth_service(folder, server.url, **knowing, **telling) as auth,
            replicas.api_service(folder, auth, **answering, **telling) as api,
        ):
            cookies, token = be_a_reader(auth, api, server.url, seen)
            described: list[dict[str, Any]] = [
                httpx.get(f"{service}/openapi.json").json() for service in (auth, api)
            ]
            internal = {"paths": {"/internal/revocations": ["GET"], "/internal/x": ["POST"]}}
            marked.knock(auth, described[0], headers={"origin": ORIGIN})
            marked.knock(auth, internal, headers={"authorization": "Bearer marked.marked.marked"})
            marked.knock(api, described[1], headers={"authorization": f"Bearer {token}"})
            for service in (auth, api):
                marked.mumble(service)
            life.close()  # the database is gone
            with httpx.Client(base_url=auth, cookies=cookies, headers=marked.HEADERS) as reader:
                assert reader.get("/api/auth/get-session", timeout=30).status_code == 503
            key = {"x-api-key": "marked-" * 10}
            assert httpx.get(f"{api}/v1/me", headers=key, timeout=30).status_code == 503
            for port in ports.values():
                seen.pages += httpx.get(f"http://127.0.0.1:{port}/metrics").text
            deadline = time.monotonic() + 30
            while seen.crashed not in seen.logdna.raw or seen.crashed not in seen.sentry.raw:
                assert time.monotonic() < deadline, "nobody is told of the crash"
                time.sleep(0.05)
    seen.written = "".join(log.read_text() for log in sorted(folder.glob("*_service-*.log")))


def be_a_reader(auth: str, api: str, database: str, seen: Watched) -> tuple[httpx.Cookies, str]:
    """Come, ask, leave in the middle, and be in the way of a constraint of the database."""
    headers = {**marked.HEADERS, "origin": ORIGIN}
    with httpx.Client(base_url=auth, headers=headers, timeout=30) as reader:
        token = marked.sign_in(reader, seen.given)
        made = reader.post("/api/auth/api-key/create", json={"name": "marked-key"})
        seen.given.add(key := made.json()["key"])
        with httpx.Client(
            base_url=api,
            headers={**marked.HEADERS, "authorization": f"Bearer {token}"},
            timeout=30,
        ) as asking:
            marked.ask(asking, seen.openai)
            marked.leave(asking, seen.openai)
        for shown in (key, "marked-key", "w" * 64):
            httpx.get(f"{api}/v1/me", headers={"x-api-key": shown}, timeout=30)
        forged = {"authorization": f"Bearer {token[:-4]}AAAA"}
        httpx.get(f"{api}/v1/me", headers=forged, timeout=30)
        marked.come_from_a_provider(reader, seen.provider, seen.given)
        asyncio.run(forbid(OTHER_NAME, database))
        crash = reader.post("/api/auth/update-user", json={"name": OTHER_NAME})
        assert crash.status_code == 500
        seen.crashed = crash.headers["x-request-id"]
        return reader.cookies, token


async def forbid(name: str, database: str) -> None:
    """Have a statement that writes a name fail, with a text that quotes the whole row."""
    db = await asyncpg.connect(database)
    try:
        await db.execute(f"ALTER TABLE \"user\" ADD CHECK (name <> '{name}') NOT VALID")
    finally:
        await db.close()
