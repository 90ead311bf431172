from typing import Any

import httpx
import pytest

from auth_service.encryption import decrypt, encrypt
from tests.auth_service.oauth.authorization_server import broken
from tests.auth_service.oauth.site import KINDS, Browser, Site
from tests.auth_service.service import COOKIE_SECRET

SECRETS: dict[int | None, str] = {None: COOKIE_SECRET}


async def linked(site: Site, kind: str = "google") -> tuple[Browser, str]:
    """A browser signed in with a provider, and the id of the account's row."""
    browser = site.browser()
    await browser.sign_in(kind)
    (account,) = await browser.accounts()
    return browser, account["id"]


async def ask(browser: Browser, door: str, row: str) -> httpx.Response:
    if door == "account-info":
        return await browser.get(f"account-info?accountId={row}")
    return await browser.post(door, {"accountId": row})


def refusal(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


async def test_tokens_are_encrypted_at_rest_in_better_auths_form(site: Site) -> None:
    await linked(site)
    ((access, refresh, id_token),) = await site.service.rows(
        'SELECT "accessToken", "refreshToken", "idToken" FROM account'
    )
    (grant,) = site.provider.grants
    assert (decrypt(str(access), SECRETS), decrypt(str(refresh), SECRETS)) == (
        grant.access_token,
        grant.refresh_token,
    )
    assert str(id_token).count(".") == 2  # in clear, as Better Auth leaves it


@pytest.mark.parametrize("kind", KINDS)
async def test_an_access_token_is_handed_out(site: Site, kind: str) -> None:
    browser, row = await linked(site, kind)
    reply = await ask(browser, "get-access-token", row)
    body = reply.json()
    assert body["accessToken"] == site.provider.grants[0].access_token
    assert body["accessTokenExpiresAt"] == "2026-03-01T13:30:15.123Z"
    assert ("idToken" in body) == (kind != "github")
    assert reply.headers["cache-control"] == "no-store"
    assert site.provider.asked["/token"] + site.provider.asked["/login/oauth/access_token"] == 1


async def test_an_access_token_about_to_end_is_refreshed(site: Site) -> None:
    browser, row = await linked(site)
    old = site.provider.grants[0].access_token
    site.service.clock.advance(seconds=3595)
    assert (await ask(browser, "get-access-token", row)).json()["accessToken"] == old

    site.service.clock.advance(milliseconds=1)
    reply = await ask(browser, "get-access-token", row)

    new = site.provider.grants[0].access_token
    assert new != old
    assert reply.json()["accessToken"] == new
    assert (await ask(browser, "get-access-token", row)).json()["accessToken"] == new
    assert site.provider.asked["/token"] == 2


async def test_tokens_stored_in_clear_are_read(site: Site) -> None:
    browser, row = await linked(site)
    hexadecimal = "ab" * 20
    await site.service.write('UPDATE account SET "accessToken" = :token', token=hexadecimal)
    assert (await ask(browser, "get-access-token", row)).json()["accessToken"] == hexadecimal
    (grant,) = site.provider.grants
    await site.service.write(
        'UPDATE account SET "refreshToken" = :token', token=grant.refresh_token
    )
    assert (await ask(browser, "refresh-token", row)).status_code == 200


@pytest.mark.parametrize("token", ["00" * 60, "$ba$1$00"])
async def test_tokens_nobody_can_read_are_refused(site: Site, token: str) -> None:
    browser, row = await linked(site)
    await site.service.write(
        'UPDATE account SET "accessToken" = :token, "refreshToken" = :token', token=token
    )
    assert refusal(await ask(browser, "get-access-token", row)) == (
        400,
        "FAILED_TO_GET_ACCESS_TOKEN",
    )
    assert refusal(await ask(browser, "refresh-token", row)) == (
        400,
        "FAILED_TO_REFRESH_ACCESS_TOKEN",
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_tokens_are_refreshed(site: Site, kind: str) -> None:
    browser, row = await linked(site, kind)
    old = site.provider.grants[0].refresh_token
    site.provider.token_extra = {"refresh_token_expires_in": "86400"}

    reply = await ask(browser, "refresh-token", row)

    (grant,) = site.provider.grants
    body = reply.json()
    assert grant.refresh_token != old
    assert (body["accessToken"], body["refreshToken"]) == (grant.access_token, grant.refresh_token)
    assert body["refreshTokenExpiresAt"] == "2026-03-02T12:30:15.123Z"
    assert (body["providerId"], body["accountId"]) == (kind, row)
    assert (await ask(browser, "refresh-token", row)).status_code == 200


async def test_an_account_without_a_refresh_token_is_not_refreshed(site: Site) -> None:
    browser, row = await linked(site)
    await site.service.write('UPDATE account SET "refreshToken" = NULL')
    assert refusal(await ask(browser, "refresh-token", row)) == (400, "REFRESH_TOKEN_NOT_FOUND")
    site.service.clock.advance(hours=2)
    assert (await ask(browser, "get-access-token", row)).status_code == 200


@pytest.mark.parametrize("extra", [{"error": "x"}, {"access_token": 5}])
async def test_a_refresh_the_provider_refuses_is_told(site: Site, extra: dict[str, Any]) -> None:
    browser, row = await linked(site)
    site.provider.token_extra = extra
    assert refusal(await ask(browser, "refresh-token", row)) == (
        400,
        "FAILED_TO_REFRESH_ACCESS_TOKEN",
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_a_providers_word_is_told(site: Site, kind: str) -> None:
    browser, row = await linked(site, kind)
    body = (await ask(browser, "account-info", row)).json()
    assert body["account"] == {"id": row, "providerId": kind, "accountId": "248289761001"}
    assert body["user"]["email"] == "mina@example.com"
    assert body["user"]["emailVerified"] is True
    assert body["data"]["login" if kind == "github" else "sub"]


async def test_a_provider_in_trouble_has_no_word(site: Site) -> None:
    browser, row = await linked(site, "github")
    site.provider.faults["/api/v3/user"] = broken
    assert refusal(await ask(browser, "account-info", row)) == (401, "FAILED_TO_GET_USER_INFO")
    await site.service.write('UPDATE account SET "accessToken" = NULL')
    assert refusal(await ask(browser, "account-info", row)) == (400, "ACCESS_TOKEN_NOT_FOUND")


async def test_without_a_userinfo_door_the_stored_id_token_speaks(site: Site) -> None:
    site.provider.configuration = {"userinfo_endpoint": None}
    browser, row = await linked(site, "campus")
    body = (await ask(browser, "account-info", row)).json()
    assert body["data"]["sub"] == "248289761001"
    await site.service.write("UPDATE account SET \"idToken\" = 'broken'")
    assert refusal(await ask(browser, "account-info", row)) == (401, "FAILED_TO_GET_USER_INFO")


async def test_an_account_of_a_provider_no_longer_offered(site: Site) -> None:
    browser, row = await linked(site)
    await site.service.write("UPDATE account SET \"providerId\" = 'gitlab'")
    for door, code in (
        ("get-access-token", "PROVIDER_NOT_SUPPORTED"),
        ("refresh-token", "PROVIDER_NOT_SUPPORTED"),
        ("account-info", "PROVIDER_NOT_CONFIGURED"),
    ):
        assert refusal(await ask(browser, door, row)) == (400, code)


@pytest.mark.parametrize("door", ["get-access-token", "refresh-token", "account-info"])
async def test_anothers_account_is_as_good_as_none(site: Site, door: str) -> None:
    _, row = await linked(site)
    omar = await site.reader("omar@example.com")
    assert refusal(await ask(omar, door, row)) == (400, "ACCOUNT_NOT_FOUND")
    stranger = await ask(site.browser(), door, row)
    assert (stranger.status_code, stranger.content) == (401, b"")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "[body] Invalid input"),
        ({"accountId": 5}, "[body] Invalid input"),
        ({"accountId": "x", "userId": None}, "[body] Invalid input"),
        ({"accountId": "x", "useAccountCookie": True}, "[body] Invalid input"),
        ({"useAccountCookie": False}, "[body] Invalid input"),
        ([], "[body] Invalid input"),
        ({"accountId": "x", "zz": 1}, '[body] Unrecognized key: "zz"'),
        ({"useAccountCookie": True, "a": 1, "b": 1}, '[body] Unrecognized keys: "a", "b"'),
    ],
)
async def test_an_account_is_chosen_in_exactly_one_way(
    site: Site, body: object, message: str
) -> None:
    reply = await site.browser().post("get-access-token", body)
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": message, "code": "VALIDATION_ERROR"},
    )


async def test_nobody_has_an_account_cookie(site: Site) -> None:
    browser, _ = await linked(site)
    reply = await browser.post("get-access-token", {"useAccountCookie": True})
    assert refusal(reply) == (400, "ACCOUNT_NOT_FOUND")


async def test_a_token_encrypted_by_a_node_server_is_read(site: Site) -> None:
    browser, row = await linked(site)
    await site.service.write(
        'UPDATE account SET "accessToken" = :token', token=encrypt("from Node", SECRETS)
    )
    assert (await ask(browser, "get-access-token", row)).json()["accessToken"] == "from Node"
