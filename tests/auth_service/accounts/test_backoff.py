import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from auth_service.accounts.backoff import Attempt
from auth_service.errors import LimitsUnavailable
from auth_service.limits import open_limits
from tests.auth_service.mailed import Outbox
from tests.auth_service.service import (
    ORIGIN,
    PASSWORD,
    Service,
    cookie_of,
    make_settings,
    serving,
)
from tests.auth_service.signed_in import counted
from tests.service_kit.redis_server import running_redis

HOME, CAFE, ATTACKER = "198.51.100.1", "198.51.100.2", "198.51.100.66"
MINA, NOBODY = "mina@example.com", "nobody@example.com"
NEW = "another horse battery"

# What a signed-in reader is asked for the password at, by the member that holds it.
ASKING = {
    "change-password": "currentPassword",
    "verify-password": "password",
    "delete-user": "password",
}
asking = pytest.mark.parametrize("path", ASKING)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
async def guarded(service: Service, database_url: str, outbox: Outbox) -> AsyncIterator[Service]:
    """Three passwords a network, six wrong ones from everywhere; Mina is signed in from home."""
    settings = make_settings(
        database_url,
        RATE_LIMIT="on",
        CREDENTIAL_RATE_LIMIT="1000/minute",
        PASSWORD_TRIES_LIMIT="3/minute",
        WRONG_PASSWORD_LIMIT="6/hour",
        TRUSTED_PROXIES="203.0.113.0/24",
        MAIL_URL=f"file:{outbox.path}",
    )
    async with serving(settings) as guarded:
        await guarded.client.post(
            "/api/auth/sign-up/email",
            json={"name": "Mina", "email": MINA, "password": PASSWORD},
            headers={"x-forwarded-for": HOME},
        )
        yield guarded


async def attempt(
    service: Service, address: str, password: str = PASSWORD, email: str = MINA
) -> httpx.Response:
    return await service.client.post(
        "/api/auth/sign-in/email",
        json={"email": email, "password": password},
        headers={"x-forwarded-for": address},
    )


async def confirm(
    service: Service, path: str, cookie: str, address: str, password: str = PASSWORD
) -> httpx.Response:
    """Say the password once more, with a session."""
    return await service.client.post(
        f"/api/auth/{path}",
        json={"newPassword": NEW, ASKING[path]: password},
        headers={"cookie": cookie, "origin": ORIGIN, "x-forwarded-for": address},
    )


async def guess(service: Service, networks: range, email: str = MINA) -> list[int]:
    """Two wrong passwords from each network."""
    return [
        (await attempt(service, f"192.0.2.{network}", "not the one", email)).status_code
        for network in networks
        for _ in range(2)
    ]


@pytest.mark.parametrize("email", [MINA, NOBODY])
async def test_a_network_that_tried_too_often_is_told_when_to_come_back(
    guarded: Service, email: str
) -> None:
    statuses = [
        (await attempt(guarded, ATTACKER, "not the one", email)).status_code for _ in range(3)
    ]
    assert statuses == [401] * 3
    reply = await attempt(guarded, ATTACKER, PASSWORD, email)
    assert reply.status_code == 429
    assert reply.json() == {"message": "Too many requests. Please try again later."}
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert reply.headers["x-retry-after"] == reply.headers["retry-after"]


async def test_one_attackers_tries_stand_in_nobody_elses_way(guarded: Service) -> None:
    for _ in range(10):
        await attempt(guarded, ATTACKER, "not the one")
    assert (await attempt(guarded, HOME)).status_code == 200
    assert (await attempt(guarded, CAFE)).status_code == 200
    assert (await attempt(guarded, ATTACKER, email=NOBODY)).status_code == 401


async def test_the_case_of_an_address_opens_no_second_account_of_tries(guarded: Service) -> None:
    for email in (MINA, MINA.upper(), "Mina@Example.com"):
        assert (await attempt(guarded, ATTACKER, "not the one", email)).status_code == 401
    assert (await attempt(guarded, ATTACKER, "not the one", "MINA@example.com")).status_code == 429


async def test_a_right_password_starts_anew(guarded: Service) -> None:
    for _ in range(2):
        for _ in range(2):
            assert (await attempt(guarded, HOME, "not the one")).status_code == 401
        assert (await attempt(guarded, HOME)).status_code == 200
    for _ in range(5):
        assert (await attempt(guarded, HOME)).status_code == 200


async def test_of_many_passwords_at_once_no_more_than_the_limit_are_looked_at(
    guarded: Service,
) -> None:
    replies = await asyncio.gather(
        *(attempt(guarded, ATTACKER, f"password {n}") for n in range(12))
    )
    assert sorted(reply.status_code for reply in replies) == [401] * 3 + [429] * 9


async def test_while_many_networks_guess_the_right_password_gets_in_from_a_known_one_only(
    guarded: Service,
) -> None:
    assert await guess(guarded, range(1, 4)) == [401] * 6
    assert await guess(guarded, range(4, 6)) == [429] * 4
    assert (await attempt(guarded, CAFE)).status_code == 429
    assert (await attempt(guarded, HOME)).status_code == 200
    assert (await attempt(guarded, CAFE)).status_code == 429


async def test_while_many_networks_guess_nothing_tells_whether_there_is_such_an_account(
    guarded: Service,
) -> None:
    for email in (MINA, NOBODY):
        assert await guess(guarded, range(1, 4), email) == [401] * 6
    replies = [
        await attempt(guarded, address, "not the one", email)
        for email in (MINA, NOBODY)
        for address in (HOME, CAFE)
    ]
    assert {reply.status_code for reply in replies} == {429}
    assert len({reply.content for reply in replies}) == 1
    assert all(int(reply.headers["retry-after"]) > 3000 for reply in replies)


async def set_by_mail(service: Service, outbox: Outbox, address: str) -> None:
    """Set a new password by the link of a mail."""
    headers = {"x-forwarded-for": address}
    asked = await service.client.post(
        "/api/auth/request-password-reset", json={"email": MINA}, headers=headers
    )
    assert asked.status_code == 200
    done = await service.client.post(
        "/api/auth/reset-password",
        json={"token": outbox.latest()["token"], "newPassword": NEW},
        headers=headers,
    )
    assert done.status_code == 200


async def test_who_has_set_a_password_by_mail_gets_in_at_once_where_they_did(
    guarded: Service, outbox: Outbox
) -> None:
    for _ in range(3):
        await attempt(guarded, CAFE, "forgotten")
    assert (await attempt(guarded, CAFE, "forgotten")).status_code == 429
    await set_by_mail(guarded, outbox, CAFE)
    assert (await attempt(guarded, CAFE, NEW)).status_code == 200


async def test_a_password_set_by_mail_ends_an_attack_but_not_the_attackers_own_count(
    guarded: Service, outbox: Outbox
) -> None:
    for _ in range(3):
        await attempt(guarded, ATTACKER, "not the one")
    await guess(guarded, range(1, 3))
    assert (await attempt(guarded, CAFE)).status_code == 429
    await set_by_mail(guarded, outbox, HOME)
    assert (await attempt(guarded, CAFE, NEW)).status_code == 200
    assert (await attempt(guarded, ATTACKER, NEW)).status_code == 429


@asking
async def test_a_stolen_session_lets_nobody_guess_its_password(guarded: Service, path: str) -> None:
    cookie = cookie_of(await attempt(guarded, HOME))
    for _ in range(3):
        reply = await confirm(guarded, path, cookie, ATTACKER, "not the one")
        assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_PASSWORD")
    reply = await confirm(guarded, path, cookie, ATTACKER)
    assert reply.status_code == 429
    assert reply.json() == {"message": "Too many requests. Please try again later."}
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert (await attempt(guarded, HOME)).status_code == 200


async def test_passwords_tried_with_and_without_a_session_are_counted_together(
    guarded: Service,
) -> None:
    cookie = cookie_of(await attempt(guarded, HOME))
    assert (await attempt(guarded, ATTACKER, "not the one")).status_code == 401
    for path in ("change-password", "verify-password"):
        assert (await confirm(guarded, path, cookie, ATTACKER, "no")).status_code == 400
    assert (await confirm(guarded, "delete-user", cookie, ATTACKER)).status_code == 429
    assert (await attempt(guarded, ATTACKER)).status_code == 429


@asking
async def test_while_many_networks_guess_with_a_session_the_right_password_is_good_in_a_known_one(
    guarded: Service, path: str
) -> None:
    cookie = cookie_of(await attempt(guarded, HOME))
    statuses = [
        (await confirm(guarded, path, cookie, f"192.0.2.{n}", "not the one")).status_code
        for n in range(8)
    ]
    assert statuses == [400] * 6 + [429] * 2
    assert (await confirm(guarded, path, cookie, HOME, "not the one")).status_code == 429
    assert (await confirm(guarded, path, cookie, CAFE)).status_code == 429
    assert (await confirm(guarded, path, cookie, HOME)).status_code == 200


async def test_a_right_password_said_with_a_session_starts_anew(guarded: Service) -> None:
    cookie = cookie_of(await attempt(guarded, HOME))
    for _ in range(2):
        for _ in range(2):
            reply = await confirm(guarded, "verify-password", cookie, HOME, "not the one")
            assert reply.status_code == 400
        assert (await confirm(guarded, "verify-password", cookie, HOME)).status_code == 200


async def test_of_many_passwords_said_at_once_with_a_session_few_are_looked_at(
    guarded: Service,
) -> None:
    cookie = cookie_of(await attempt(guarded, HOME))
    replies = await asyncio.gather(
        *(confirm(guarded, "verify-password", cookie, ATTACKER, f"guess {n}") for n in range(12))
    )
    assert sorted(reply.status_code for reply in replies) == [400] * 3 + [429] * 9


async def test_counting_costs_no_statement_while_nobody_attacks(guarded: Service) -> None:
    cookie = cookie_of(await attempt(guarded, HOME))
    with counted(guarded) as statements:
        await confirm(guarded, "verify-password", cookie, HOME)
    # The session, and the password of its user.
    assert len(statements) == 2


async def test_a_session_without_an_address_makes_no_network_known(guarded: Service) -> None:
    await guarded.write('UPDATE session SET "ipAddress" = :none', none="")
    await guess(guarded, range(1, 4))
    assert (await attempt(guarded, HOME)).status_code == 429


async def test_tries_that_cannot_be_counted_are_refused(
    service: Service, database_url: str, tmp_path: Path
) -> None:
    with running_redis(tmp_path) as redis:
        settings = make_settings(database_url, RATE_LIMIT="on", RATE_LIMIT_STORAGE_URI=redis.uri)
        async with serving(settings) as guarded:
            await guarded.sign_up()
            redis.stop()
            reply = await guarded.sign_in()
            assert reply.status_code == 503
            assert reply.headers["retry-after"]
            # What follows a password set by mail does not fail for it.
            await Attempt(guarded.resources.limits, MINA, HOME).start_anew()


async def test_a_store_that_goes_away_meanwhile_lets_no_password_be_tried(
    unused_tcp_port: int,
) -> None:
    settings = make_settings(
        "postgresql://nowhere/none",
        RATE_LIMIT="on",
        RATE_LIMIT_STORAGE_URI=f"redis://127.0.0.1:{unused_tcp_port}/0",
    )
    limits = open_limits(settings)
    assert limits is not None
    with pytest.raises(LimitsUnavailable):
        await Attempt(limits, MINA, HOME).begin()
    await limits.store.close()


@pytest.mark.parametrize("rules", ["off", "better-auth"])
async def test_without_our_own_rules_accounts_are_not_counted(
    service: Service, database_url: str, rules: str
) -> None:
    settings = make_settings(
        database_url,
        RATE_LIMIT=rules,
        PASSWORD_TRIES_LIMIT="1/minute",
        TRUSTED_PROXIES="203.0.113.0/24",
    )
    async with serving(settings) as guarded:
        cookie = cookie_of(await guarded.sign_up())
        tries = [await attempt(guarded, ATTACKER, "not the one") for _ in range(2)]
        said = [await confirm(guarded, "verify-password", cookie, ATTACKER, "no") for _ in range(2)]
        await Attempt(guarded.resources.limits, MINA, ATTACKER).start_anew()
        assert (await attempt(guarded, ATTACKER)).status_code == 200
    assert [reply.status_code for reply in (*tries, *said)] == [401, 401, 400, 400]
