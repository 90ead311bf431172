import re

import pytest

from auth_service.oauth.authorization import RESERVED
from tests.auth_service.oauth.site import OURS, Site, parameters
from tests.auth_service.service import make_settings, serving, set_cookies

BACK = "redirect_uri=http%3A%2F%2Flocalhost%3A3001%2Fapi%2Fauth%2Fcallback%2F"
WRONG_TYPES = (
    "[body.idToken.nonce] Invalid input: expected string, received number; "
    "[body.idToken.expiresAt] Invalid input: expected number, received string; "
    "[body.idToken.user.name] Invalid input: expected object, received number"
)
OWN = "&include_granted_scopes=no&hd=x+y"
PKCE = "code_challenge_method=S256&code_challenge="


async def test_the_urls_are_better_auths(database_url: str) -> None:
    settings = make_settings(
        database_url,
        GOOGLE_CLIENT_ID="gid",
        GOOGLE_CLIENT_SECRET="unused",
        GITHUB_CLIENT_ID="hid",
        GITHUB_CLIENT_SECRET="unused",
    )
    wishes = {
        "scopes": ["a b", "c"],
        "loginHint": "a@b.c d~*",
        "additionalParams": {"hd": "x y", "login_hint": "zz", "include_granted_scopes": "no"},
    }
    async with serving(settings) as service:
        urls = [
            (await service.client.post("/api/auth/sign-in/social", json=body)).json()["url"]
            for body in (
                {"provider": "google"},
                {"provider": "google", **wishes},
                {"provider": "github", "scopes": ["repo"]},
            )
        ]
    masked = [
        re.sub(
            r"code_challenge=[\w-]{43}", "code_challenge=", re.sub("state=[^&]{32}", "state=", url)
        )
        for url in urls
    ]
    # As a running 1.7.25 says them.
    google = "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=gid&state="
    github = "https://github.com/login/oauth/authorize?response_type=code&client_id=hid&state="
    assert masked == [
        f"{google}&scope=email+profile+openid&{BACK}google&{PKCE}&include_granted_scopes=true",
        f"{google}&scope=email+profile+openid+a+b+c&{BACK}google&login_hint=zz&{PKCE}{OWN}",
        f"{github}&scope=read%3Auser+user%3Aemail+repo&{BACK}github&{PKCE}",
    ]


async def test_the_reply_says_where_to_go_and_binds_the_browser(site: Site) -> None:
    reply = await site.browser().post("sign-in/social", {"provider": "google"})
    url = reply.json()["url"]
    assert reply.json() == {"url": url, "redirect": True}
    assert reply.headers["location"] == url
    value, attributes = set_cookies(reply)["better-auth.state"].split("; ", 1)
    assert attributes == "Max-Age=300; Path=/; HttpOnly; SameSite=Lax"
    assert value.split(".")[0] == parameters(url)["state"]


async def test_a_frontend_may_go_there_by_itself(site: Site) -> None:
    reply = await site.browser().post(
        "sign-in/social", {"provider": "google", "disableRedirect": True}
    )
    assert reply.json()["redirect"] is False
    assert "location" not in reply.headers


async def test_the_row_of_a_state_is_better_auths(site: Site) -> None:
    wishes = {
        "errorCallbackURL": "",
        "requestSignUp": True,
        "additionalData": {"plan": 5, "callbackURL": "/evil", "errorURL": "/evil"},
    }
    url = await site.browser().start("campus", wishes=wishes)
    state = parameters(url)["state"]
    ((identifier, value, seconds),) = await site.service.rows(
        'SELECT identifier, value::jsonb, extract(epoch FROM "expiresAt")::float FROM verification'
    )
    assert isinstance(seconds, float)
    assert identifier == f"auth-state:{state}"
    assert isinstance(value, dict)
    assert len(value.pop("codeVerifier")) == 128
    assert len(value.pop("idTokenNonce")) == 32
    assert value == {
        "plan": 5,
        "callbackURL": "http://localhost:3000/done",
        "expiresAt": int(seconds * 1000),
        "requestSignUp": True,
        "oauthState": state,
        "providerId": "campus",
    }
    assert seconds == pytest.approx(site.provider.now() + 600, abs=0.001)


@pytest.mark.parametrize(
    ("supported", "sent"), [(["S256"], True), (["plain"], False), (None, True), ([], False)]
)
async def test_pkce_is_for_providers_that_take_it(
    site: Site, supported: list[str] | None, sent: bool
) -> None:
    site.provider.configuration = {"code_challenge_methods_supported": supported}
    browser = site.browser()
    url = await browser.start("campus")
    assert ("code_challenge" in parameters(url)) is sent
    page = await browser.arrive(await browser.consent(url))
    assert page == "http://localhost:3000/done"


@pytest.mark.parametrize("ways", [None, ["client_secret_basic"], ["client_secret_post"]])
async def test_the_secret_is_shown_the_way_the_provider_wants(
    site: Site, ways: list[str] | None
) -> None:
    site.provider.configuration = {"token_endpoint_auth_methods_supported": ways}
    assert await site.browser().sign_in("campus") == "http://localhost:3000/done"


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "http://provider.example/token"},
        {"authorization_endpoint": 5},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_configuration_that_is_not_to_be_trusted_is_not_used(
    site: Site, configuration: dict[str, object]
) -> None:
    site.provider.configuration = configuration
    reply = await site.browser().post("sign-in/social", {"provider": "campus"})
    assert (reply.status_code, reply.json()["code"]) == (503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "[body.provider] Invalid input"),
        ({"provider": 5}, "[body.provider] Invalid input"),
        (
            {"provider": "google", "scopes": "x"},
            "[body.scopes] Invalid input: expected array, received string",
        ),
        (
            {"provider": "google", "scopes": [1]},
            "[body.scopes.0] Invalid input: expected string, received number",
        ),
        (
            {"provider": "google", "additionalParams": None},
            "[body.additionalParams] Invalid input: expected record, received null",
        ),
        (
            {"provider": "google", "additionalParams": {"state": "x"}},
            "[body.additionalParams] additionalParams cannot include reserved OAuth parameters: "
            + ", ".join(RESERVED),
        ),
        (
            {"provider": "google", "idToken": {}},
            "[body.idToken.token] Invalid input: expected string, received undefined",
        ),
        (
            {
                "provider": "google",
                "idToken": {"token": "a", "nonce": 3, "expiresAt": "x", "user": {"name": 5}},
            },
            WRONG_TYPES,
        ),
    ],
)
async def test_wrong_input_is_refused_in_better_auths_words(
    site: Site, body: object, message: str
) -> None:
    reply = await site.browser().post("sign-in/social", body)
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": message, "code": "VALIDATION_ERROR"},
    )


async def test_a_provider_nobody_offers_is_not_found(site: Site) -> None:
    for path in ("sign-in/social", "link-social"):
        reply = await (await site.reader(f"{path[:4]}@example.com")).post(path, {"provider": "x"})
        assert (reply.status_code, reply.json()) == (
            404,
            {"message": "Provider not found", "code": "PROVIDER_NOT_FOUND"},
        )


@pytest.mark.parametrize("member", ["callbackURL", "errorCallbackURL", "newUserCallbackURL"])
async def test_nobody_is_led_to_a_foreign_page(site: Site, member: str) -> None:
    body = {"provider": "google", member: "https://evil.example/"}
    reply = await site.browser().post("sign-in/social", body)
    assert reply.status_code == 403
    assert OURS not in reply.text
