"""No forged or broken token is believed, by api-service as it runs for readers."""

import asyncio
import json
import re
import socket
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator

import asyncpg
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth_service.encryption import decrypt
from tests.auth_service.service import COOKIE_SECRET, TOKEN_SECRET
from tests.contract.both_services import Site, running_site, signed_up
from tests.contract.jwt_attacks import HS256, Target, attacks, under_key, under_secret

PROBLEM = {"type", "title", "status", "detail", "instance", "request_id", "trace_id"}
LINE = {"event", "level", "service", "request_id", "trace_id", "timestamp"}
CLASSES = {
    "Expired",
    "LivesTooLong",
    "Malformed",
    "MissingClaim",
    "NotYetValid",
    "OtherAlgorithm",
    "TooLong",
    "UnknownHeader",
    "UnknownKey",
    "WrongAudience",
    "WrongIssuer",
    "WrongSignature",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("attacked")) as site:
        yield site


@pytest.fixture(scope="module")
def tokens(site: Site) -> tuple[str, str]:
    """Two good tokens of one reader, of HS256 and of EdDSA."""
    with signed_up(site, "mina@example.com") as reader:
        one = reader.get("/api/auth/jwt").json()["token"]
        return one, reader.get("/api/auth/token").json()["token"]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[socket.socket]:
    """A server of the attacker's; that somebody has called is seen by what waits there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture(scope="module")
def target(site: Site, tokens: tuple[str, str], elsewhere: socket.socket) -> Target:
    kid, private = asyncio.run(stored_key(site.database))
    jwk = json.loads(decrypt(json.loads(private), {None: COOKIE_SECRET}))
    seed = urlsafe_b64decode(jwk["d"] + "=")
    return Target(
        claims=jwt.decode(tokens[0], options={"verify_signature": False}),
        asymmetric=jwt.decode(tokens[1], options={"verify_signature": False}),
        key=Ed25519PrivateKey.from_private_bytes(seed),
        kid=kid,
        x=jwk["x"],
        elsewhere=f"http://127.0.0.1:{elsewhere.getsockname()[1]}",
    )


async def stored_key(database: str) -> tuple[str, str]:
    db = await asyncpg.connect(database)
    try:
        kid, private = await db.fetchrow('SELECT id, "privateKey" FROM jwks')
    finally:
        await db.close()
    return kid, private


def shown(client: httpx.Client, token: str | bytes) -> httpx.Response:
    raw = token if isinstance(token, bytes) else token.encode()
    return client.get("/v1/me", headers=[(b"Authorization", b"Bearer " + raw)])


def test_both_kinds_of_token_open_the_api(site: Site, tokens: tuple[str, str]) -> None:
    with httpx.Client(base_url=site.api) as client:
        replies = [shown(client, token) for token in tokens]

    assert [reply.status_code for reply in replies] == [200, 200]
    assert {reply.json()["email"] for reply in replies} == {"mina@example.com"}


def test_what_the_attacks_change_is_all_that_is_wrong_with_them(site: Site, target: Target) -> None:
    with httpx.Client(base_url=site.api) as client:
        for token in (
            under_secret(HS256, target.claims),
            under_secret({"alg": "HS256"}, target.claims),
            under_key({"alg": "EdDSA", "kid": target.kid}, target.asymmetric, target.key),
        ):
            assert shown(client, token).status_code == 200


def test_no_attack_opens_the_api(
    site: Site, target: Target, tokens: tuple[str, str], elsewhere: socket.socket
) -> None:
    sent = attacks(target)
    assert len(sent) >= 60
    before = len(site.logged())

    wrong = []
    with httpx.Client(base_url=site.api) as client:
        for name, token in sent.items():
            reply = shown(client, token)
            challenge = reply.headers.get("www-authenticate", "")
            body = reply.json()
            if not (
                reply.status_code == 401
                and challenge.startswith('Bearer error="invalid_token"')
                and reply.headers["content-type"] == "application/problem+json"
                and body.keys() == PROBLEM
                and (body["type"], body["status"]) == ("/problems/invalid-token", 401)
            ):
                wrong.append((name, reply.status_code, challenge, body))
        assert wrong == []
        assert [shown(client, token).status_code for token in tokens] == [200, 200]

    with pytest.raises(BlockingIOError):  # nobody has called
        elsewhere.accept()

    lines = site.logged()[before:]
    refused = [line for line in lines if line["event"] == "refused"]
    assert len(refused) == len(sent)
    assert {line["cause"] for line in refused} <= CLASSES
    assert all(line.keys() == {"problem", "status", "cause", *LINE} for line in refused)
    nothing_of_a_token(site, sent)


def nothing_of_a_token(site: Site, sent: dict[str, str | bytes]) -> None:
    log = site.api_log.read_text()
    pieces = {
        piece
        for token in sent.values()
        for piece in re.findall(
            r"[\w-]{12,}", token if isinstance(token, str) else token.decode("latin-1")
        )
    }
    assert [piece for piece in pieces if piece in log] == []
    assert "mina@example.com" not in log
    assert TOKEN_SECRET not in log


@pytest.mark.parametrize("path", ["jwt", "token"])
@pytest.mark.parametrize("ending", ["sign-out", "delete-user"])
def test_a_revoked_token_opens_nothing(site: Site, path: str, ending: str) -> None:
    with signed_up(site, f"{path}-{ending}@example.com") as reader:
        token = reader.get(f"/api/auth/{path}").json()["token"]
        with httpx.Client(base_url=site.api) as client:
            assert shown(client, token).status_code == 200
            before = len(site.logged())
            reader.post(f"/api/auth/{ending}", json={}).raise_for_status()
            deadline = time.monotonic() + 2
            while (reply := shown(client, token)).status_code == 200:
                assert time.monotonic() < deadline
                time.sleep(0.02)

    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["type"] == "/problems/invalid-token"
    (refused,) = [line for line in site.logged()[before:] if line["event"] == "refused"]
    assert refused["cause"] in {"SessionRevoked", "UserRevoked"}
    nothing_of_a_token(site, {"revoked": token})


def test_two_headers_speak_for_nobody(site: Site, tokens: tuple[str, str]) -> None:
    headers = [("Authorization", f"Bearer {token}") for token in tokens]

    with httpx.Client(base_url=site.api) as client:
        reply = client.get("/v1/me", headers=headers)

    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
