"""Nothing a reader sends or is given is on a log line, or leaves for LogDNA or Sentry.

Marked values go through both services as they run for readers, and are looked for in all that is
written or sent.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from auth_service.migrate import migrate
from standalone.postgres import running_postgres
from tests.api_service.book import ingest
from tests.api_service.scripted_openai import ScriptedOpenAI, refuses, says, scripted_openai
from tests.api_service.service import make_settings
from tests.auth_service.service import COOKIE_SECRET, ORIGIN, TOKEN_SECRET
from tests.contract import replicas
from tests.service_kit.scripted_logdna import KEY as LOGDNA_KEY
from tests.service_kit.scripted_logdna import ScriptedLogDna, scripted_logdna
from tests.service_kit.scripted_sentry import ScriptedSentry, scripted_sentry

EMAIL = "marked-address@example.com"
PASSWORD = "marked-password-of-hers"


@dataclass
class Driven:
    """What a journey has been given, and what was written meanwhile."""

    given: list[str] = field(default_factory=list)
    crashed: str = ""
    written: str = ""


async def test_nothing_of_a_reader_is_in_anything_that_is_written_or_sent(tmp_path: Path) -> None:
    async with (
        scripted_logdna() as logdna,
        scripted_sentry() as sentry,
        scripted_openai() as openai,
    ):
        openai.chat = says("A marked-answer [1].")
        await ingest(make_settings(tmp_path / "data", openai=openai))
        driven = await asyncio.to_thread(drive, tmp_path, logdna, sentry, openai)

    lines = [json.loads(line) for line in driven.written.splitlines() if line.startswith("{")]
    sent = logdna.told()
    for stream in (driven.written, logdna.raw, sentry.raw):
        for secret in (*driven.given, COOKIE_SECRET, TOKEN_SECRET, "arked", "eyJ", LOGDNA_KEY):
            assert secret not in stream, secret
    assert logdna.raw
    assert sentry.raw
    # That nothing is found because nothing was said would be too easy.
    for event in ("request", "request_refused", "refused", "model_unavailable", "request_crashed"):
        assert event in {line["event"] for line in lines}, event
        assert event in {line["event"] for line in sent}, event
    printed = {(line["service"], line["timestamp"], line["event"]) for line in lines}
    assert {(line["service"], line["timestamp"], line["event"]) for line in sent} <= printed
    (crash,) = (line for line in lines if line["event"] == "request_crashed")
    assert "CheckViolationError" in crash["error"]  # whose text quotes the whole row
    (told,) = sentry.events
    assert (told["tags"]["service"], told["tags"]["event"]) == ("auth-service", "request_crashed")
    assert told["tags"]["request_id"] == driven.crashed


def drive(
    folder: Path, logdna: ScriptedLogDna, sentry: ScriptedSentry, openai: ScriptedOpenAI
) -> Driven:
    """Be a reader of both services until one of them crashes, then stop them."""
    telling: dict[str, Any] = {
        "LOG_LEVEL": "DEBUG",
        "LOGDNA_INGESTION_KEY": LOGDNA_KEY,
        "LOGDNA_URL": logdna.url,
        "SENTRY_DSN": sentry.dsn,
    }
    answering = {
        "DATA_DIR": str(folder / "data"),
        "OPENAI_API_KEY": "sk-marked",
        "OPENAI_BASE_URL": openai.base_url,
        "FALLBACK": "none",
        "REVOCATIONS": "off",
    }
    driven = Driven()
    with running_postgres(folder / "postgres", durable=False) as server:
        migrate(server.url)
        mails: dict[str, Any] = {"MAIL_URL": f"file:{folder / 'mails'}"}
        with (
            replicas.auth_service(folder, server.url, **mails, **telling) as auth,
            replicas.api_service(folder, auth, **answering, **telling) as api,
            httpx.Client(base_url=auth, headers={"origin": ORIGIN}, timeout=20) as reader,
            httpx.Client(base_url=api, timeout=20) as asking,
        ):
            token = sign_in(reader, driven)
            ask(asking, token, openai)
            asyncio.run(forbid("marked-other-name", server.url))
            crash = reader.post("/api/auth/update-user", json={"name": "marked-other-name"})
            assert crash.status_code == 500
            driven.crashed = crash.headers["x-request-id"]
            deadline = time.monotonic() + 30
            while driven.crashed not in logdna.raw or driven.crashed not in sentry.raw:
                assert time.monotonic() < deadline, "nobody is told of the crash"
                time.sleep(0.05)
    driven.written = "".join(log.read_text() for log in folder.glob("*_service-*.log"))
    return driven


def sign_in(reader: httpx.Client, driven: Driven) -> str:
    """Sign up and in, rightly and wrongly; return an access token."""
    about = {"name": "marked-name", "email": EMAIL, "softwareBackground": "marked-background"}
    signed_up = reader.post("/api/auth/sign-up/email", json={**about, "password": PASSWORD})
    assert signed_up.status_code == 200
    driven.given += [signed_up.json()["token"], *reader.cookies.values()]
    for password, status in ((PASSWORD, 200), ("marked-wrong-password", 401)):
        again = {"email": EMAIL, "password": password, "grant": "refresh"}
        reply = reader.post("/api/auth/sign-in/email", json=again)
        assert reply.status_code == status
    reader.post("/api/auth/request-password-reset", json={"email": EMAIL})
    reader.get("/api/auth/reset-password/marked-token?callbackURL=/marked-page")
    reader.post("/api/auth/sign-in/email", content=b"marked-body")
    reader.get("/marked-path?marked-query")
    token: str = reader.get("/api/auth/jwt").raise_for_status().json()["token"]
    key = reader.post("/api/auth/api-key/create", json={"name": "marked-key"}).json()["key"]
    driven.given += [token, *token.split(".")[1:], key]
    return token


def ask(asking: httpx.Client, token: str, openai: ScriptedOpenAI) -> None:
    """Ask rightly and wrongly, of a model that answers and of one that fails."""
    bearer = {"authorization": f"Bearer {token}"}
    question = {"message": "In which order do the legs touch the ground in a marked gait?"}
    answered = asking.post("/v1/chat", json=question, headers=bearer)
    assert (answered.status_code, answered.json()["refused"]) == (200, False), answered.text
    asking.post("/v1/chat", json={**question, "stream": True}, headers=bearer)
    asking.get("/v1/search?q=marked-query", headers=bearer)
    asking.post("/v1/chat", content=b'{"message": "marked-question', headers=bearer)
    asking.get("/v1/me", headers={"authorization": f"Bearer {token[:-4]}AAAA"})
    asking.get("/v1/me", headers={"x-api-key": "marked-key-of-nobody"})
    asking.get("/v1/nowhere/marked-path?q=marked-query", headers=bearer)
    openai.chat = refuses(500)
    failed = asking.post("/v1/chat", json=question, headers=bearer)
    assert failed.status_code == 503, failed.text


async def forbid(name: str, database: str) -> None:
    """Have a statement that writes a name fail, with a text that quotes the whole row."""
    db = await asyncpg.connect(database)
    try:
        await db.execute(f"ALTER TABLE \"user\" ADD CHECK (name <> '{name}') NOT VALID")
    finally:
        await db.close()
