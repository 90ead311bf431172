"""The feed over HTTP: who may read it, what it says, and how it waits."""

import asyncio
import signal
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest

from auth_service.revocations.recording import KEPT
from auth_service.revocations.routes import MOST_WAITED
from auth_service.tokens.issuer import LIFETIME
from service_kit.service_token import mint_service_token
from tests.auth_service.database.relay import Relay
from tests.auth_service.service import (
    PASSWORD,
    TOKEN_SECRET,
    Service,
    cookie_of,
    make_settings,
    serving,
)
from tests.auth_service.signed_in import UNAUTHORIZED, post, told
from tests.auth_service.test_main import started

FEED = "/internal/revocations"
NEW = "another horse battery"


def as_api_service() -> Mapping[str, str]:
    token = mint_service_token(TOKEN_SECRET, now=datetime.now(UTC))
    return {"authorization": f"Bearer {token}"}


async def ask(service: Service, **query: str | int) -> httpx.Response:
    return await service.client.get(FEED, params=query, headers=as_api_service())


async def newest(service: Service) -> str:
    """Return the place after all there is."""
    await service.write("INSERT INTO revocation (kind, value) VALUES ('session', 'before')")
    page = (await ask(service)).json()
    while page["more"]:
        page = (await ask(service, after=page["last"])).json()
    return str(page["last"])


async def entries(service: Service, after: str) -> list[tuple[str, str, int | None]]:
    page = (await ask(service, after=after)).json()
    assert page["anew"] is False
    return [(entry["kind"], entry["value"], entry["notBefore"]) for entry in page["entries"]]


async def test_nobody_but_api_service_reads_the_feed(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    reader = (await service.client.get("/api/auth/jwt", headers={"cookie": cookie})).json()["token"]
    other = jwt.encode({"iss": "api-service"}, TOKEN_SECRET, algorithm="HS256")
    for headers in (
        {},
        {"cookie": cookie},
        {"authorization": f"Bearer {reader}"},
        {"authorization": f"Bearer {other}"},
        {"authorization": "Bearer "},
    ):
        reply = await service.client.get(FEED, headers=headers)
        assert told(reply) == UNAUTHORIZED
    assert (await ask(service)).status_code == 200


async def test_a_service_token_counts_a_minute_and_one_of_two_counts_not_at_all(
    service: Service,
) -> None:
    for age, status in ((55, 200), (120, 401)):
        token = mint_service_token(TOKEN_SECRET, now=datetime.now(UTC) - timedelta(seconds=age))
        reply = await service.client.get(FEED, headers={"authorization": f"Bearer {token}"})
        assert reply.status_code == status
    lines = [("authorization", as_api_service()["authorization"])] * 2
    assert told(await service.client.get(FEED, headers=lines)) == UNAUTHORIZED


async def test_the_feed_is_stored_nowhere_and_answers_reading_alone(service: Service) -> None:
    assert (await ask(service)).headers["cache-control"] == "no-store"
    reply = await service.client.post(FEED, headers=as_api_service())
    assert (reply.status_code, reply.content) == (404, b"")


async def test_a_sign_out_is_told_with_how_long_it_counts(service: Service) -> None:
    service.clock.moment = datetime.now(UTC)
    cookie = cookie_of(await service.sign_up())
    ((session,),) = await service.rows("SELECT id FROM session")
    after = await newest(service)
    await post(service, "sign-out", cookie)

    page = (await ask(service, after=after)).json()

    (entry,) = page["entries"]
    assert (entry["kind"], entry["value"], entry["notBefore"]) == ("session", session, None)
    assert abs(entry["until"] - (datetime.now(UTC) + KEPT).timestamp()) < 20
    assert (page["anew"], page["more"]) == (False, False)
    assert (await ask(service, after=page["last"])).json()["entries"] == []


def test_an_entry_is_kept_for_longer_than_any_token_lives() -> None:
    assert timedelta(minutes=5) <= KEPT - LIFETIME


async def test_a_changed_password_ends_the_tokens_of_before(service: Service) -> None:
    signed_up = await service.sign_up()
    user, cookie = signed_up.json()["user"]["id"], cookie_of(signed_up)
    after = await newest(service)
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    wrong = {**body, "currentPassword": "something else"}

    assert (await post(service, "change-password", cookie, wrong)).status_code == 400
    assert await entries(service, after) == []
    assert (await post(service, "change-password", cookie, body)).status_code == 200

    assert await entries(service, after) == [
        ("user", user, int(service.clock.moment.timestamp())),
    ]


async def test_a_reset_password_ends_the_tokens_of_before(service: Service) -> None:
    user = (await service.sign_up()).json()["user"]["id"]
    await service.write(
        'INSERT INTO verification (id, identifier, value, "expiresAt")'
        " VALUES ('1', 'reset-password:rrr', :user, :end)",
        user=user,
        end=service.clock.moment + timedelta(hours=1),
    )
    after = await newest(service)
    body = {"token": "rrr", "newPassword": NEW}
    assert (await service.client.post("/api/auth/reset-password", json=body)).status_code == 200
    assert (await service.client.post("/api/auth/reset-password", json=body)).status_code == 400

    assert await entries(service, after) == [
        ("user", user, int(service.clock.moment.timestamp())),
    ]


async def test_a_caller_waits_for_news_and_is_told_at_once(service: Service) -> None:
    after = await newest(service)
    asking = asyncio.create_task(ask(service, after=after, wait=10))
    await asyncio.sleep(0.8)
    assert not asking.done()
    started = time.monotonic()
    await service.write("INSERT INTO revocation (kind, value) VALUES ('session', 'news')")
    page = (await asking).json()

    assert time.monotonic() - started < 2
    assert [entry["value"] for entry in page["entries"]] == ["news"]


async def test_a_caller_with_nothing_to_hear_is_answered_when_the_wait_is_over(
    service: Service,
) -> None:
    after = await newest(service)
    started = time.monotonic()
    page = (await ask(service, after=after, wait=1)).json()

    assert 1 <= time.monotonic() - started < 4
    assert (page["entries"], page["last"], page["anew"]) == ([], after, False)


@pytest.mark.parametrize("wait", ["", "-1", "x", "1e9", "9" * 5000, "\u0667"])
async def test_a_wait_that_is_no_number_is_none(service: Service, wait: str) -> None:
    after = await newest(service)
    started = time.monotonic()
    assert (await ask(service, after=after, wait=wait)).status_code == 200
    assert time.monotonic() - started < MOST_WAITED / 2


@pytest.mark.parametrize("after", ["", "x", "999999999999-1", "0-1", "%00"])
async def test_a_place_that_is_not_there_is_told_all_anew(service: Service, after: str) -> None:
    await newest(service)
    page = (await ask(service, after=after, wait=10)).json()

    assert page["anew"] is True
    assert page["entries"]


async def test_many_who_wait_hold_no_connection(database_url: str) -> None:
    settings = make_settings(database_url, DATABASE_POOL_SIZE=1, DATABASE_POOL_OVERFLOW=0)
    async with serving(settings) as service:
        after = await newest(service)
        asking = [asyncio.create_task(ask(service, after=after, wait=10)) for _ in range(40)]
        await asyncio.sleep(0.7)
        started = time.monotonic()
        assert (await service.sign_up("beside@example.com")).status_code == 200
        assert time.monotonic() - started < 3
        await service.write("INSERT INTO revocation (kind, value) VALUES ('session', 'all')")
        replies = [(await reply).json() for reply in asking]

    assert all([e["value"] for e in page["entries"]] == ["all"] for page in replies)


async def test_a_caller_who_waits_is_told_that_the_database_has_gone(database_url: str) -> None:
    port = httpx.URL(database_url).port or 0
    relay = Relay(port)
    await relay.restore()
    through = database_url.replace(f":{port}/", f":{relay.port}/")
    async with serving(make_settings(through)) as service:
        after = await newest(service)
        asking = asyncio.create_task(ask(service, after=after, wait=10))
        await asyncio.sleep(0.3)
        await relay.cut()
        assert (await asking).status_code == 503
        assert (await ask(service)).status_code == 503
        await relay.restore()
        assert (await ask(service, after=after)).status_code == 200
    await relay.cut()


def test_a_caller_who_has_gone_keeps_no_service_from_stopping(
    tmp_path: Path, database_url: str
) -> None:
    with started(tmp_path, DATABASE_URL=database_url) as (client, process):
        client.headers.update(as_api_service())
        page = client.get(FEED).json()
        while page["entries"]:
            page = client.get(FEED, params={"after": page["last"]}).json()
        with pytest.raises(httpx.ReadTimeout):
            client.get(FEED, params={"after": page["last"], "wait": 10}, timeout=1)
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(15)

    assert time.monotonic() - asked < 5
