import base64
import hmac
import json
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import KeySet, RSAKey

from tests.auth_service.oauth.authorization_server import Person, broken, new_keys
from tests.auth_service.oauth.site import Browser, Site
from tests.auth_service.service import COOKIE
from tests.auth_service.signed_in import told

INVALID = (401, {"message": "Invalid token", "code": "INVALID_TOKEN"})


async def sign_in(
    browser: Browser, token: str, kind: str = "google", **said: str
) -> httpx.Response:
    body = {"provider": kind, "idToken": {"token": token, **said}}
    return await browser.post("sign-in/social", body)


async def test_an_id_token_signs_in(site: Site) -> None:
    browser = site.browser()
    reply = await sign_in(browser, site.provider.id_token(), accessToken="a", refreshToken="r")
    assert reply.status_code == 200
    body = reply.json()
    assert (body["redirect"], body["user"]["email"]) == (False, "mina@example.com")
    assert sorted(body) == ["redirect", "token", "user"]
    assert await browser.user() == body["user"]
    again = await sign_in(browser, site.provider.id_token())
    assert again.json()["user"]["id"] == body["user"]["id"]


async def test_github_has_no_id_tokens(site: Site) -> None:
    reply = await sign_in(site.browser(), "a.b.c", "github")
    assert told(reply) == (
        404,
        {"message": "id_token not supported", "code": "ID_TOKEN_NOT_SUPPORTED"},
    )


@pytest.mark.parametrize(
    ("nonce", "said", "right"),
    [
        ("n", "n", True),
        (None, None, True),
        ("n", None, True),
        ("n", "m", False),
        (None, "n", False),
    ],
)
async def test_googles_nonce_counts_if_it_is_said(
    site: Site, nonce: str | None, said: str | None, right: bool
) -> None:
    sent = {} if said is None else {"nonce": said}
    reply = await sign_in(site.browser(), site.provider.id_token(nonce=nonce), **sent)
    assert reply.status_code == (200 if right else 401)


@pytest.mark.parametrize(
    ("nonce", "said", "right"),
    [("n", "n", True), (None, None, False), ("n", None, False), ("n", "m", False), ("", "", False)],
)
async def test_other_providers_nonce_has_to_be_said(
    site: Site, nonce: str | None, said: str | None, right: bool
) -> None:
    sent = {} if said is None else {"nonce": said}
    reply = await sign_in(site.browser(), site.provider.id_token(nonce=nonce), "campus", **sent)
    assert reply.status_code == (200 if right else 401)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": "accounts.google.com"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"sub": None},
        {"exp": None},
        {"iat": None},
    ],
    ids=repr,
)
async def test_a_token_with_wrong_claims_is_refused(site: Site, claims: dict[str, Any]) -> None:
    reply = await sign_in(site.browser(), site.provider.id_token(**claims))
    assert told(reply) == INVALID


@pytest.mark.parametrize(
    ("ago", "life", "right"),
    [
        (0, 3600, True),
        (3629, 7200, True),
        (3632, 7200, False),
        (3600, 3571, True),
        (3600, 3569, False),
        (-29, 60, True),
        (-32, 60, False),
    ],
)
async def test_times_count_with_half_a_minutes_tolerance(
    site: Site, ago: int, life: int, right: bool
) -> None:
    issued = int(site.provider.now()) - ago
    token = site.provider.id_token(iat=issued, exp=issued + life)
    assert (await sign_in(site.browser(), token)).status_code == (200 if right else 401)


async def test_the_public_key_is_no_secret(site: Site) -> None:
    key = site.provider.keys.keys[0]
    assert isinstance(key, RSAKey)
    public = key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    now = int(site.provider.now())
    claims = {
        "iss": site.provider.url,
        "aud": "book",
        "sub": "1",
        "email": "mina@example.com",
        "email_verified": True,
        "iat": now,
        "exp": now + 60,
    }
    signed = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(claims)}"
    mac = (
        base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256"))
        .rstrip(b"=")
        .decode()
    )
    assert told(await sign_in(site.browser(), f"{signed}.{mac}")) == INVALID
    none = f"{part({'alg': 'none'})}.{part(claims)}."
    assert told(await sign_in(site.browser(), none)) == INVALID


async def test_the_clients_secret_signs_nothing(site: Site) -> None:
    token = jwt.encode({"sub": "1"}, "secret-of-the-book" * 3, algorithm="HS256")
    for kind in ("google", "campus"):
        assert told(await sign_in(site.browser(), token, kind, nonce="n")) == INVALID


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "." * 2, "é.é.é", "a" * 20_000])
async def test_what_is_no_token_is_refused(site: Site, token: str) -> None:
    assert told(await sign_in(site.browser(), token)) == INVALID


async def test_a_key_that_is_new_is_asked_for_but_not_at_once_again(site: Site) -> None:
    provider = site.provider
    assert (await sign_in(site.browser(), provider.id_token())).status_code == 200
    provider.keys = new_keys("second")
    # The set was read a moment ago, so this key must wait.
    assert told(await sign_in(site.browser(), provider.id_token())) == INVALID
    assert provider.asked["/oauth2/v3/certs"] == 1


async def test_a_key_set_may_hold_what_we_do_not_know(site: Site) -> None:
    good = site.provider.keys.keys[0]
    strange = [
        5,
        {"kty": "RSA"},
        {"kty": "zz", "kid": "first"},
        {"kty": "RSA", "n": "AA", "e": "AQAB", "kid": "first"},
        {**good.as_dict(private=False), "use": "enc"},
        {**good.as_dict(private=False), "alg": "RS512"},
    ]

    class Keys:
        keys = site.provider.keys.keys

        def as_dict(self, private: bool) -> dict[str, Any]:
            return {"keys": [*strange, good.as_dict(private=private)]}

    site.provider.keys = Keys()  # type: ignore[assignment] # a set Authlib would not make
    assert (await sign_in(site.browser(), site.provider.id_token())).status_code == 200


async def test_a_token_without_a_key_id_is_tried_with_every_key(site: Site) -> None:
    nameless = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=False)
    site.provider.keys = KeySet([*new_keys("other").keys, nameless])
    assert nameless.private_key is not None
    token = jwt.encode(
        jwt.decode(site.provider.id_token(), options={"verify_signature": False}),
        nameless.private_key,
        algorithm="RS256",
    )
    assert (await sign_in(site.browser(), token)).status_code == 200


async def test_without_an_address_an_id_token_is_refused(site: Site) -> None:
    site.provider.person = Person(email=None)
    reply = await sign_in(site.browser(), site.provider.id_token())
    assert told(reply) == (401, {"message": "User email not found", "code": "USER_EMAIL_NOT_FOUND"})


async def test_an_account_that_cannot_be_linked_is_refused_in_better_auths_words(
    site: Site,
) -> None:
    await site.reader()
    browser = site.browser()
    reply = await sign_in(browser, site.provider.id_token())
    assert told(reply) == (401, {"message": "account not linked", "code": "OAUTH_LINK_ERROR"})
    assert COOKIE not in browser.cookies


async def test_keys_out_of_reach_make_readers_wait(site: Site) -> None:
    site.provider.faults["/oauth2/v3/certs"] = broken
    reply = await sign_in(site.browser(), site.provider.id_token())
    assert (reply.status_code, reply.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    await sign_in(site.browser(), site.provider.id_token())
    assert site.provider.asked["/oauth2/v3/certs"] == 1


async def link(browser: Browser, token: str) -> httpx.Response:
    return await browser.post("link-social", {"provider": "google", "idToken": {"token": token}})


async def test_an_id_token_links_an_account_and_again_renews_it(site: Site) -> None:
    reader = await site.reader()
    for _ in range(2):
        reply = await link(reader, site.provider.id_token())
        assert told(reply) == (200, {"url": "", "redirect": False, "status": True})
    assert [each["providerId"] for each in await reader.accounts()] == ["credential", "google"]


@pytest.mark.parametrize(
    ("person", "refusal"),
    [
        (Person(email_verified=False), (401, "LINKING_NOT_ALLOWED")),
        (Person(email="other@example.com"), (401, "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED")),
        (Person(email=None), (401, "USER_EMAIL_NOT_FOUND")),
    ],
)
async def test_an_id_token_of_somebody_else_links_nothing(
    site: Site, person: Person, refusal: tuple[int, str]
) -> None:
    reader = await site.reader()
    site.provider.person = person
    reply = await link(reader, site.provider.id_token())
    assert (reply.status_code, reply.json()["code"]) == refusal
    assert len(await reader.accounts()) == 1


async def test_an_account_of_somebody_else_is_not_linked_by_id_token(site: Site) -> None:
    await site.browser().sign_in("google")
    reader = await site.reader("omar@example.com")
    reply = await link(reader, site.provider.id_token())
    assert told(reply) == (
        409,
        {"message": "Social account already linked", "code": "SOCIAL_ACCOUNT_ALREADY_LINKED"},
    )
