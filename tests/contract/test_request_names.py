"""One request, whichever service works for it, goes by one name and one trace."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.auth_service.service import ORIGIN, PASSWORD
from tests.contract.both_services import Site, running_site, signed_up

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NAMED = {"x-request-id": "asked-from-afar", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("named")) as site:
        yield site


def about(log: Path, request_id: str) -> list[dict[str, str]]:
    """Return the lines about a request, once it is told how it was answered."""
    deadline = time.monotonic() + 20
    while True:
        lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
        found = [line for line in lines if line.get("request_id") == request_id]
        if any(line["event"] == "request" for line in found):
            return found
        assert time.monotonic() < deadline, "nothing is said of the request"
        time.sleep(0.02)


def test_what_api_service_asks_of_auth_service_is_logged_under_the_readers_request(
    site: Site,
) -> None:
    with signed_up(site, "mina@example.com") as reader:
        key = reader.post("/api/auth/api-key/create", json={}).json()["key"]
    reply = httpx.get(f"{site.api}/v1/me", headers={"x-api-key": key, **NAMED})

    assert reply.status_code == 200
    assert reply.headers["x-request-id"] == NAMED["x-request-id"]
    assert reply.headers["traceparent"].split("-")[1] == TRACE
    (asked,) = about(site.api_log, NAMED["x-request-id"])
    (told,) = about(site.auth_log, NAMED["x-request-id"])
    assert (asked["path"], asked["trace_id"]) == ("/v1/me", TRACE)
    assert (told["path"], told["trace_id"]) == ("/internal/api-keys/verify", TRACE)


def test_a_refusal_tells_the_request_and_the_trace(site: Site) -> None:
    reply = httpx.get(f"{site.api}/v1/me", headers=NAMED)

    assert reply.status_code == 401
    told = {name: reply.json()[name] for name in ("request_id", "trace_id")}
    assert told == {"request_id": NAMED["x-request-id"], "trace_id": TRACE}


def test_every_kind_of_refusal_tells_them(site: Site) -> None:
    with signed_up(site, "sam@example.com") as reader:
        token = reader.get("/api/auth/jwt").json()["token"]
    bearer = {**NAMED, "authorization": f"Bearer {token}"}
    with httpx.Client(base_url=site.api, headers=bearer, timeout=20) as asking:
        replies = [
            asking.get("/v1/nowhere"),
            asking.put("/v1/me"),
            asking.post("/v1/chat", content=b"x" * 600_000),
            asking.post("/v1/chat", content=(b"x" * 60_000 for _ in range(10))),  # in pieces
            asking.post("/v1/chat", json={"message": 7}),
            asking.post("/v1/chat/stream", json={"message": "A lidar?"}),  # there is no book
        ]

    assert [reply.status_code for reply in replies] == [404, 405, 413, 413, 422, 503]
    for reply in replies:
        told = reply.json()
        assert (told["request_id"], told["trace_id"]) == (NAMED["x-request-id"], TRACE), told
        assert reply.headers["x-request-id"] == NAMED["x-request-id"]


def test_an_event_is_stored_with_the_request_and_the_trace(site: Site) -> None:
    email = "noor@example.com"
    with signed_up(site, email):
        pass
    body = {"email": email, "password": PASSWORD}
    named = {**NAMED, "x-request-id": "signed-in-from-afar", "origin": ORIGIN}
    httpx.post(f"{site.auth}/api/auth/sign-in/email", json=body, headers=named).raise_for_status()

    async def stored() -> list[asyncpg.Record]:
        db = await asyncpg.connect(site.database)
        try:
            events: list[asyncpg.Record] = await db.fetch(
                "SELECT event, trace_id FROM audit_event WHERE request_id = $1",
                named["x-request-id"],
            )
        finally:
            await db.close()
        return events

    assert [tuple(row) for row in asyncio.run(stored())] == [("signed_in", TRACE)]


def test_what_is_not_well_formed_reaches_neither_service(site: Site) -> None:
    odd = {"x-request-id": "odd name;", "traceparent": f"00-{TRACE}-odd"}
    reply = httpx.get(f"{site.api}/v1/me", headers={"x-api-key": "w" * 64, **odd})

    assert reply.status_code == 401
    name = reply.json()["request_id"]
    assert name == reply.headers["x-request-id"] != odd["x-request-id"]
    (told, *_) = about(site.auth_log, name)
    assert told["trace_id"] == reply.json()["trace_id"] != TRACE
