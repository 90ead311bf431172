import asyncio
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from joserfc.jwk import RSAKey

from tests.auth_service.oauth.authorization_server import (
    FAULTS,
    Fault,
    Person,
    Provider,
    new_keys,
)
from tests.auth_service.oauth.site import DONE, KINDS, OURS, Site, error_of, parameters
from tests.auth_service.service import COOKIE, ORIGIN


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stranger_is_signed_up_and_signed_in(site: Site, kind: str) -> None:
    browser = site.browser()

    assert await browser.sign_in(kind) == DONE

    user = await browser.user()
    assert user is not None
    name = "mina" if kind == "github" else "Mina at the provider"
    assert (user["name"], user["email"], user["emailVerified"]) == (name, "mina@example.com", True)
    assert user["image"] == "https://pictures.example/mina.png"
    (account,) = await browser.accounts()
    assert (account["providerId"], account["accountId"]) == (kind, "248289761001")
    assert "email" in account["scopes"] or "user:email" in account["scopes"]
    assert "better-auth.state" not in browser.cookies


@pytest.mark.parametrize("kind", KINDS)
async def test_who_comes_again_is_the_same_user(site: Site, kind: str) -> None:
    first, again = site.browser(), site.browser()
    await first.sign_in(kind)

    assert await again.sign_in(kind) == DONE

    assert await again.user() == await first.user()
    assert (await site.count("user"), await site.count("account")) == (1, 1)
    assert await site.count("session") == 2


async def test_who_comes_again_under_another_address_is_the_same_user(site: Site) -> None:
    first, again = site.browser(), site.browser()
    await first.sign_in("google")
    site.provider.person = Person(email="mina@new.example")

    await again.sign_in("google")

    assert await again.user() == await first.user()


async def test_new_users_go_to_a_page_of_their_own(site: Site) -> None:
    page = f"{ORIGIN}/welcome"
    assert await site.browser().sign_in("google", newUserCallbackURL=page) == page
    assert await site.browser().sign_in("google", newUserCallbackURL=page) == DONE


async def test_without_a_page_of_its_own_a_flow_ends_at_the_service(site: Site) -> None:
    browser = site.browser()
    reply = await browser.post("sign-in/social", {"provider": "google"})
    assert await browser.arrive(await browser.consent(reply.json()["url"])) == OURS


async def test_who_denies_is_told_so(site: Site) -> None:
    site.provider.person = None
    page = await site.browser().sign_in("google")
    assert page.startswith(f"{ORIGIN}/oops?a=1&error=access_denied")
    assert await site.count("user") == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_an_address_that_is_not_verified_is_taken_as_such(site: Site, kind: str) -> None:
    site.provider.person = Person(email_verified=False)
    browser = site.browser()
    assert await browser.sign_in(kind) == DONE
    user = await browser.user()
    assert user is not None
    assert user["emailVerified"] is False


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("email", [None, "no address", "a@b", "@example.com"])
async def test_without_an_address_nobody_gets_in(site: Site, kind: str, email: str | None) -> None:
    site.provider.person = Person(email=email)
    assert error_of(await site.browser().sign_in(kind)) == "email_not_found"
    assert await site.count("user") == 0


async def test_a_state_works_once(site: Site) -> None:
    browser = site.browser()
    back = await browser.consent(await browser.start("google"))
    kept = dict(browser.cookies)
    assert await browser.arrive(back) == DONE
    browser.cookies |= kept

    assert await browser.arrive(back) == f"{OURS}/api/auth/error?error=state_mismatch"


async def test_of_fifty_callbacks_at_once_one_gets_in(site: Site) -> None:
    browser = site.browser()
    back = await browser.consent(await browser.start("google"))
    copies = [replace(browser, cookies=dict(browser.cookies)) for _ in range(50)]

    pages = await asyncio.gather(*(copy.arrive(back) for copy in copies))

    assert pages.count(DONE) == 1
    assert {error_of(page) for page in pages if page != DONE} == {"state_mismatch"}
    assert (await site.count("session"), site.provider.asked["/token"]) == (1, 1)


async def test_of_fifty_first_sign_ins_at_once_one_makes_the_user(site: Site) -> None:
    browsers = [site.browser() for _ in range(50)]
    backs = [await each.consent(await each.start("google")) for each in browsers]

    pages = await asyncio.gather(
        *(each.arrive(back) for each, back in zip(browsers, backs, strict=True))
    )

    assert set(pages) == {DONE}
    assert (await site.count("user"), await site.count("account")) == (1, 1)


async def test_a_state_counts_in_its_browser_only_and_is_not_spent_by_others(site: Site) -> None:
    browser, other = site.browser(), site.browser()
    back = await browser.consent(await browser.start("google"))
    oops = f"{ORIGIN}/oops?a=1&error=state_mismatch"

    assert await other.arrive(back) == oops
    await other.start("google")
    assert await other.arrive(back) == oops
    other.cookies["better-auth.state"] = f"{parameters(back)['state']}.{'A' * 43}="
    assert await other.arrive(back) == oops
    assert COOKIE not in other.cookies

    assert await browser.arrive(back) == DONE


@pytest.mark.parametrize("state", ["x" * 32, "", "é", "' OR 1=1"])
async def test_a_state_nobody_knows_leads_to_the_error_page(site: Site, state: str) -> None:
    browser = site.browser()
    await browser.start("google")
    said = "state_mismatch" if state else "state_not_found"
    page = await browser.arrive(f"{OURS}/api/auth/callback/google?code=x&state={state}")
    assert page == f"{OURS}/api/auth/error?error={said}"


async def test_a_stale_state_is_refused(site: Site) -> None:
    browser = site.browser()
    back = await browser.consent(await browser.start("google"))
    site.service.clock.advance(minutes=10, seconds=1)
    assert await browser.arrive(back) == f"{OURS}/api/auth/error?error=state_mismatch"


async def test_a_state_that_says_another_name_is_refused(site: Site) -> None:
    browser = site.browser()
    back = await browser.consent(await browser.start("google"))
    await site.service.write(
        "UPDATE verification SET value = jsonb_set(value::jsonb, '{oauthState}', '\"other\"')::text"
    )
    assert error_of(await browser.arrive(back)) == "state_mismatch"


async def test_a_state_that_cannot_be_read_is_refused(site: Site) -> None:
    browser = site.browser()
    back = await browser.consent(await browser.start("google"))
    await site.service.write("UPDATE verification SET value = 'nothing of ours'")
    assert error_of(await browser.arrive(back)) == "state_mismatch"


async def test_a_state_of_a_node_server_is_honoured(site: Site) -> None:
    browser = site.browser()
    back = await browser.consent(await browser.start("google"))
    await site.service.write(
        "UPDATE verification "
        "SET value = (value::jsonb - 'providerId' || '{\"serverContext\": {}}')::text"
    )
    assert await browser.arrive(back) == DONE


async def test_a_code_works_once(site: Site) -> None:
    first, second = site.browser(), site.browser()
    back = await first.consent(await first.start("google"))
    assert await first.arrive(back) == DONE
    url = await second.start("google")
    replayed = urlencode({**parameters(back), "state": parameters(url)["state"]})

    page = await second.arrive(f"{OURS}/api/auth/callback/google?{replayed}")

    assert error_of(page) == "invalid_code"
    assert COOKIE not in second.cookies


async def test_anothers_code_is_refused_because_of_pkce(site: Site) -> None:
    victim, attacker = site.browser(), site.browser()
    stolen = parameters(await victim.consent(await victim.start("google")))["code"]
    state = parameters(await attacker.start("google"))["state"]
    page = await attacker.arrive(f"{OURS}/api/auth/callback/google?code={stolen}&state={state}")
    assert error_of(page) == "invalid_code"


@pytest.mark.parametrize(
    ("query", "error"),
    [("", "no_code"), ("&code=", "no_code"), ("&error=oh%20no%26", "oh no&")],
)
async def test_a_reply_without_a_code_is_refused(site: Site, query: str, error: str) -> None:
    browser = site.browser()
    state = parameters(await browser.start("google"))["state"]
    page = await browser.arrive(f"{OURS}/api/auth/callback/google?state={state}{query}")
    assert error_of(page) == error
    assert "better-auth.state" not in browser.cookies


async def test_a_provider_nobody_offers_is_refused(site: Site) -> None:
    browser = site.browser()
    state = parameters(await browser.start("google"))["state"]
    page = await browser.arrive(f"{OURS}/api/auth/callback/gitlab?state={state}&code=x")
    assert error_of(page) == "oauth_provider_not_found"


async def test_a_code_is_never_shown_to_another_provider(site: Site) -> None:
    browser = site.browser()
    back = await browser.consent(await browser.start("google"))
    page = await browser.arrive(back.replace("/callback/google", "/callback/github"))
    assert error_of(page) == "issuer_mismatch"
    assert site.provider.asked["/login/oauth/access_token"] == 0


@pytest.mark.parametrize("kind", ["google", "campus"])
async def test_a_reply_of_another_issuer_is_refused(site: Site, kind: str) -> None:
    browser = site.browser()
    back = await browser.consent(await browser.start(kind))
    assert error_of(await browser.arrive(f"{back}&iss=https://evil.example")) == "issuer_mismatch"
    assert site.provider.asked["/token"] == 0


async def test_a_provider_that_always_names_itself_must_do_so(site: Site) -> None:
    site.provider.configuration = {"authorization_response_iss_parameter_supported": True}
    assert await site.browser().sign_in("campus") == DONE
    browser = site.browser()
    back = await browser.consent(await browser.start("campus"))
    page = await browser.arrive(back.replace(f"&iss={site.provider.url}", ""))
    assert error_of(page) == "issuer_missing"


async def test_a_redirect_address_is_exactly_the_registered_one(site: Site) -> None:
    url = await site.browser().start("google")
    assert parameters(url)["redirect_uri"] == f"{OURS}/api/auth/callback/google"


@pytest.mark.parametrize(
    ("claims", "kinds"),
    [
        ({"aud": "another"}, ["google", "campus"]),
        ({"aud": ["book", "another"]}, ["google", "campus"]),
        ({"aud": ["book", "another"], "azp": "another"}, ["google", "campus"]),
        ({"azp": "another"}, ["google", "campus"]),
        ({"iss": "https://evil.example"}, ["google", "campus"]),
        ({"exp": 1}, ["google", "campus"]),
        ({"exp": "tomorrow"}, ["google", "campus"]),
        ({"exp": True}, ["google", "campus"]),
        ({"exp": 1e300}, ["google", "campus"]),
        ({"iat": 4102444800}, ["google", "campus"]),
        ({"nbf": 4102444800}, ["google", "campus"]),
        ({"iat": 1}, ["google"]),
        ({"sub": ""}, ["google", "campus"]),
        ({"sub": " "}, ["google", "campus"]),
        ({"sub": 5}, ["google", "campus"]),
        ({"nonce": "another"}, ["campus"]),
        ({"nonce": 5}, ["campus"]),
    ],
    ids=repr,
)
async def test_an_id_token_that_proves_nothing_is_refused(
    site: Site, claims: dict[str, object], kinds: list[str]
) -> None:
    site.provider.claims = claims
    for kind in kinds:
        page = await site.browser().sign_in(kind)
        assert error_of(page) == "unable_to_get_user_info", kind
    assert await site.count("user") == 0


@pytest.mark.parametrize("kind", ["google", "campus"])
async def test_an_id_token_for_several_is_taken_if_made_for_us(site: Site, kind: str) -> None:
    site.provider.claims = {"aud": ["book", "another"], "azp": "book"}
    assert await site.browser().sign_in(kind) == DONE


@pytest.mark.parametrize("kind", ["google", "campus"])
async def test_an_id_token_under_a_key_of_nobody_is_refused(site: Site, kind: str) -> None:
    key = new_keys("first", 1).keys[0]
    assert isinstance(key, RSAKey)
    site.provider.signs_with = key
    assert error_of(await site.browser().sign_in(kind)) == "unable_to_get_user_info"


async def test_a_nonce_is_bound_to_the_request(site: Site) -> None:
    browser = site.browser()
    url = await browser.start("campus")
    assert len(parameters(url)["nonce"]) == 32
    back = await browser.consent(url)
    await site.service.write(
        "UPDATE verification SET value = (value::jsonb - 'idTokenNonce')::text"
    )
    assert error_of(await browser.arrive(back)) == "nonce_binding_missing"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize(
    ("kind", "door", "error"),
    [
        ("google", "/token", "invalid_code"),
        ("google", "/oauth2/v3/certs", "unable_to_get_user_info"),
        ("github", "/login/oauth/access_token", "invalid_code"),
        ("github", "/api/v3/user", "unable_to_get_user_info"),
        ("campus", "/token", "invalid_code"),
        ("campus", "/jwks", "unable_to_get_user_info"),
    ],
)
async def test_a_provider_in_trouble_is_a_refusal_and_no_crash(
    site: Site, kind: str, door: str, error: str, fault: Fault
) -> None:
    site.provider.faults[door] = fault
    browser = site.browser()
    assert error_of(await browser.sign_in(kind)) == error
    assert COOKIE not in browser.cookies
    assert await site.count("user") == 0
    assert "/elsewhere" not in site.provider.asked


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_a_provider_that_does_not_say_where_it_is_makes_readers_wait(
    site: Site, provider: Provider, fault: Fault
) -> None:
    provider.faults["/.well-known/openid-configuration"] = fault
    reply = await site.browser().post("sign-in/social", {"provider": "campus"})
    assert (reply.status_code, reply.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert reply.headers["retry-after"] == "5"


async def test_a_form_is_answered_with_the_same_callback_by_get(site: Site) -> None:
    reply = await site.service.client.post(
        "/api/auth/callback/google",
        params={"state": "s", "zz": "1"},
        data={"code": "a b", "state": "other", "user": "{}"},
        headers={"origin": "https://provider.example"},
    )
    assert (reply.status_code, reply.headers["location"]) == (
        302,
        f"{OURS}/api/auth/callback/google?code=a+b&state=s&user=%7B%7D",
    )


async def test_a_parameter_given_twice_is_refused(site: Site) -> None:
    reply = await site.browser().get("callback/google?state=a&state=b")
    assert reply.json() == {
        "message": "[query.state] Invalid input: expected string, received array",
        "code": "VALIDATION_ERROR",
    }
