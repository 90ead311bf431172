import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import jwt
import pytest

from auth_service.encryption import EncryptionSecrets, decrypt, encrypt
from auth_service.errors import DatabaseUnavailable
from auth_service.jwks.keyring import LISTED, READ_AGAIN, Keyring
from tests.auth_service.database.relay import Relay
from tests.auth_service.jwks.key_sets import checked, key_set
from tests.auth_service.service import COOKIE_SECRET, Service, cookie_of, make_settings, serving

NOW = datetime(2026, 3, 1, 12, 30, 15, 123000, tzinfo=UTC)
SECRETS: EncryptionSecrets = {None: COOKIE_SECRET}
INSERT = (
    'INSERT INTO jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt", alg, crv) VALUES '
    "(:id, :public, :private, :made, :ends, :alg, :crv)"
)


@pytest.fixture
async def keyless(service: Service) -> AsyncIterator[Service]:
    """The service without a key in its table; those it signs with are put back in the end."""
    columns = 'id, "publicKey", "privateKey", "createdAt", "expiresAt", alg, crv'
    before = await service.rows(f"SELECT {columns} FROM jwks")  # noqa: S608 -- our own names
    await service.write("DELETE FROM jwks")
    yield service
    await service.write("DELETE FROM jwks")
    names = ("id", "public", "private", "made", "ends", "alg", "crv")
    for row in before:
        await service.write(INSERT, **dict(zip(names, row, strict=True)))


def ring(
    service: Service, *, days: int | None = None, secrets: EncryptionSecrets = SECRETS
) -> Keyring:
    lifetime = None if days is None else timedelta(days=days)
    return Keyring(service.resources.database, secrets, lifetime=lifetime)


async def kids(keyring: Keyring, now: datetime = NOW) -> list[str]:
    return [key["kid"] for key in await keyring.listed(now)]


async def stored(service: Service, column: str) -> list[object]:
    return [value for (value,) in await service.rows(f'SELECT "{column}" FROM jwks')]  # noqa: S608 -- our own names


async def insert_key(service: Service, kid: str, **changes: object) -> None:
    """Copy the key there is as another, changed."""
    oldest = 'SELECT "publicKey", "privateKey" FROM jwks ORDER BY "createdAt" LIMIT 1'
    ((public, private),) = await service.rows(oldest)
    row = {"public": public, "private": private, "made": NOW, "ends": None}
    await service.write(INSERT, **{"id": kid, **row, "alg": "EdDSA", "crv": "Ed25519", **changes})


async def test_the_first_key_is_made_when_it_is_asked_for(keyless: Service) -> None:
    listed = await ring(keyless).listed(NOW)

    (key,) = listed
    assert set(key) == {"alg", "crv", "kty", "x", "kid"}
    assert (key["alg"], key["crv"], key["kty"]) == ("EdDSA", "Ed25519", "OKP")
    assert await kids(ring(keyless)) == [key["kid"]]


async def test_a_key_is_stored_as_better_auth_stores_it(keyless: Service) -> None:
    signer = await ring(keyless).signer(NOW)

    ((kid, public, private, made, ends, alg, crv),) = await keyless.rows("SELECT * FROM jwks")
    assert (kid, made, ends, alg, crv) == (signer.kid, NOW, None, "EdDSA", "Ed25519")
    jwk = json.loads(str(public))
    assert jwk.keys() == {"crv", "x", "kty"}
    assert json.loads(decrypt(json.loads(str(private)), SECRETS)).keys() == {*jwk, "d"}


async def test_of_many_processes_that_need_the_first_key_one_makes_it(keyless: Service) -> None:
    rings = [ring(keyless) for _ in range(12)]

    signers = await asyncio.gather(*(keyring.signer(NOW) for keyring in rings for _ in range(4)))

    assert len({signer.kid for signer in signers}) == 1
    assert len(await stored(keyless, "id")) == 1


async def test_the_key_is_read_again_only_after_a_while(keyless: Service) -> None:
    keyring = ring(keyless)
    first = await keyring.signer(NOW)
    await keyless.write("DELETE FROM jwks")

    assert await keyring.signer(NOW + READ_AGAIN - timedelta(seconds=1)) is first
    assert (await keyring.signer(NOW + READ_AGAIN)).kid != first.kid


async def test_a_new_key_signs_when_the_old_ones_time_is_over(keyless: Service) -> None:
    keyring = ring(keyless, days=90)
    first = await keyring.signer(NOW)
    last_moment = NOW + timedelta(days=90) - timedelta(milliseconds=1)

    assert (await keyring.signer(last_moment)).kid == first.kid
    second = await keyring.signer(NOW + timedelta(days=90))

    assert second.kid != first.kid
    assert await kids(keyring, NOW + timedelta(days=90)) == [second.kid, first.kid]
    (_, ends) = await keyless.rows('SELECT "expiresAt" FROM jwks ORDER BY "createdAt"')
    assert ends == (NOW + timedelta(days=180),)


async def test_an_old_key_is_listed_for_thirty_days(keyless: Service) -> None:
    keyring = ring(keyless, days=90)
    first = await keyring.signer(NOW)
    over = NOW + timedelta(days=90) + LISTED

    assert first.kid in await kids(keyring, over - timedelta(milliseconds=1))
    assert first.kid not in await kids(keyring, over)


async def test_a_key_made_before_rotation_was_wanted_gets_an_end(keyless: Service) -> None:
    endless = await ring(keyless).signer(NOW)
    later = NOW + timedelta(days=100)
    keyring = ring(keyless, days=90)

    assert (await keyring.signer(NOW + timedelta(days=80))).kid == endless.kid
    assert (await keyring.signer(later)).kid != endless.kid
    assert len(await kids(keyring, later + LISTED - timedelta(days=1))) == 2
    assert len(await kids(keyring, later + LISTED)) == 1


async def test_the_newest_key_that_can_sign_does(keyless: Service) -> None:
    usable = (await ring(keyless).signer(NOW)).kid
    later = NOW + timedelta(minutes=1)
    await insert_key(keyless, "another-algorithm", alg="RS256", crv=None, made=later)
    await insert_key(keyless, "ended", ends=NOW - timedelta(days=1), made=later)
    await insert_key(keyless, "no-key", private='"00"', made=later)
    await insert_key(keyless, "no-json", private="{", made=later)
    await insert_key(keyless, "another-curve", private='{"kty":"OKP","crv":"Ed448"}', made=later)
    other = json.dumps({"kty": "OKP", "crv": "Ed25519", "d": "A" * 43})
    await insert_key(
        keyless, "not-its-own", private=json.dumps(encrypt(other, SECRETS)), made=later
    )

    assert (await ring(keyless).signer(later)).kid == usable
    await insert_key(keyless, "newer", alg=None, crv=None, made=later)
    assert (await ring(keyless).signer(later)).kid == "newer"


async def test_a_key_of_a_server_that_does_not_encrypt_signs_too(keyless: Service) -> None:
    await ring(keyless).signer(NOW)
    (private,) = await stored(keyless, "privateKey")
    clear = decrypt(json.loads(str(private)), SECRETS)
    await insert_key(keyless, "clear", private=clear, made=NOW + timedelta(seconds=1))

    assert (await ring(keyless).signer(NOW)).kid == "clear"


async def test_a_key_under_a_lost_secret_is_listed_and_another_signs(keyless: Service) -> None:
    lost = await ring(keyless, secrets={None: COOKIE_SECRET[::-1]}).signer(NOW)
    keyring = ring(keyless)

    made = await keyring.signer(NOW)

    assert made.kid != lost.kid
    assert set(await kids(keyring)) == {lost.kid, made.kid}


async def test_nothing_private_and_nothing_broken_is_listed(keyless: Service) -> None:
    await ring(keyless).signer(NOW)
    await insert_key(keyless, "careless", public='{"kty":"OKP","x":"AA","d":"private"}')
    await insert_key(keyless, "broken", public="[")
    await insert_key(keyless, "no-object", public="7")

    listed = {key["kid"]: key for key in await ring(keyless).listed(NOW)}

    assert listed["careless"] == {
        "alg": "EdDSA",
        "crv": "Ed25519",
        "kty": "OKP",
        "x": "AA",
        "kid": "careless",
    }
    assert "broken" not in listed
    assert "no-object" not in listed


async def test_a_change_of_the_secret_keeps_the_key(keyless: Service, database_url: str) -> None:
    kid = (await ring(keyless).signer(NOW)).kid
    newer = "another-secret-0123456789-abcdefghijklmno"
    both = make_settings(database_url, BETTER_AUTH_SECRETS=f"2:{newer},1:{COOKIE_SECRET}")

    async with serving(both) as changed:
        assert (await changed.resources.keyring.signer(NOW)).kid == kid
        await keyless.write("DELETE FROM jwks")
        assert (await ring(changed, secrets=both.encryption_secrets).signer(NOW)).kid != kid
        (private,) = await stored(keyless, "privateKey")
    assert json.loads(str(private)).startswith("$ba$2$")


async def test_without_a_key_at_hand_the_database_is_needed(keyless: Service) -> None:
    async with serving(make_settings("postgresql://book@127.0.0.1:1/book")) as away:
        keyring = ring(away)
        with pytest.raises(DatabaseUnavailable):
            await keyring.signer(NOW)
        with pytest.raises(DatabaseUnavailable):
            await keyring.listed(NOW)


async def test_a_key_at_hand_signs_on_while_the_database_is_away(
    keyless: Service, database_url: str
) -> None:
    port = urlsplit(database_url).port
    assert port is not None
    relay = Relay(port)
    await relay.restore()
    through = database_url.replace(f":{port}/", f":{relay.port}/")
    async with serving(make_settings(through)) as service:
        keyring, ending = ring(service), ring(service, days=1)
        signer = await keyring.signer(NOW)
        await ending.signer(NOW)
        await relay.cut()

        assert await keyring.signer(NOW + READ_AGAIN) is signer
        with pytest.raises(DatabaseUnavailable):
            await ending.signer(NOW + timedelta(days=1))
    assert (await ring(keyless).signer(NOW)).kid == signer.kid


async def test_tokens_of_an_old_key_are_checked_by_the_list(
    keyless: Service, database_url: str
) -> None:
    async with serving(make_settings(database_url, JWKS_ROTATION_DAYS="30")) as rotating:
        cookie = cookie_of(await rotating.sign_up())
        first = await rotating.client.get("/api/auth/token", headers={"cookie": cookie})
        rotating.clock.advance(days=30)
        cookie = cookie_of(await rotating.sign_in())
        second = await rotating.client.get("/api/auth/token", headers={"cookie": cookie})
        keys = await key_set(rotating)

    tokens = [reply.json()["token"] for reply in (first, second)]
    assert len({jwt.get_unverified_header(token)["kid"] for token in tokens}) == 2
    for token in tokens:
        assert checked(token, keys)["email"] == "mina@example.com"
