import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from threading import Event

import pytest

from auth_service.accounts.passwords import (
    COMMON,
    MIN_LENGTH,
    Verified,
    better_auth_scrypt,
    hash_password,
    verify_and_renew,
    verify_password,
)
from auth_service.password_rules import PasswordRules, site_words
from auth_service.workers import WorkerPool
from tests.auth_service.service import PASSWORD, Service, cookie_of, make_settings, serving

# Made by better-auth 1.7.25 on Node.js. The ligature and the fraction become plain letters.
ELSEWHERE = "ﬁne ½ päss🔑"
HASHED_ELSEWHERE = (
    "43b08522df7163588f71388780a14b60:"
    "b91b4eb7f30ee6e4e880dcdf508b2e2773ef782e3c8709404f86aa5175b855f2"
    "f033686e3d76889430f24a53599b941dc5a58caca4febb2be393a744494fd9df"
)


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(threads=1, queue=10)
    yield pool
    pool.close()


async def test_a_new_password_is_hashed_with_argon2id(pool: WorkerPool) -> None:
    hashed = await hash_password(pool, PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await verify_password(pool, PASSWORD, hashed)
    assert not await verify_password(pool, PASSWORD + "x", hashed)
    assert hashed != await hash_password(pool, PASSWORD)


async def test_a_hash_of_better_auth_is_verified(pool: WorkerPool) -> None:
    assert await verify_password(pool, ELSEWHERE, HASHED_ELSEWHERE)
    assert not await verify_password(pool, ELSEWHERE + "x", HASHED_ELSEWHERE)


async def test_the_same_letters_in_another_form_are_the_same_password(pool: WorkerPool) -> None:
    plain = "fine 1\u20442 pa\u0308ss🔑"
    assert await verify_password(pool, plain, HASHED_ELSEWHERE)
    assert await verify_password(pool, plain, await hash_password(pool, ELSEWHERE))


@pytest.mark.parametrize("stored", ["", "plain text", "$2x$05$" + "." * 53, "ab:cd", "$argon2id$"])
async def test_a_hash_of_no_known_kind_fits_no_password(pool: WorkerPool, stored: str) -> None:
    assert not await verify_password(pool, PASSWORD, stored)


async def test_nul_characters_cut_no_password_short(pool: WorkerPool) -> None:
    hashed = await hash_password(pool, "with\0one")
    assert not await verify_password(pool, "with\0two", hashed)


def test_passlib_writes_better_auths_hash_and_reads_it_back() -> None:
    written = better_auth_scrypt.hash("a password")
    assert better_auth_scrypt.identify(written)
    assert better_auth_scrypt.verify("a password", written)
    assert better_auth_scrypt.verify(b"a password", written.encode())


# Made by bcrypt from PASSWORD, and from the 72 bytes that it uses of MANY.
BCRYPT = "$2b$04$d5FRewHdftexC9i872Cz3ey1wsLeFGtAMj0aJ7JOz8GGLqLt/x9c6"
BCRYPT_OF_MANY = "$2y$04$BZ2wNV2HY3FQicT2p.5nIenzXHjCJuRb5M4cUhQCuWURJpDeE08Lu"
MANY = "a" * 80


async def test_a_bcrypt_hash_is_verified(pool: WorkerPool) -> None:
    assert await verify_password(pool, PASSWORD, BCRYPT)
    assert not await verify_password(pool, PASSWORD + "x", BCRYPT)
    assert await verify_password(pool, MANY, BCRYPT_OF_MANY)
    assert not await verify_password(pool, "b" + MANY, BCRYPT_OF_MANY)


@pytest.mark.parametrize("stored", [HASHED_ELSEWHERE, BCRYPT])
async def test_an_old_hash_of_a_right_password_is_due_for_replacement(
    pool: WorkerPool, stored: str
) -> None:
    password = ELSEWHERE if stored == HASHED_ELSEWHERE else PASSWORD
    verified = await verify_and_renew(pool, password, stored)
    assert verified.right
    assert verified.renewed
    assert verified.renewed.startswith("$argon2id$")
    assert await verify_and_renew(pool, password, verified.renewed) == Verified(right=True)
    assert await verify_and_renew(pool, "another one", stored) == Verified(right=False)


async def test_a_hash_of_weaker_argon2_is_due_for_replacement() -> None:
    weak = WorkerPool(threads=1, queue=10, rules=PasswordRules(memory_kib=8192, passes=1, lanes=2))
    strong = WorkerPool(threads=1, queue=10)
    hashed = await hash_password(weak, PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=8192,t=1,p=2$")
    assert (await verify_and_renew(weak, PASSWORD, hashed)).renewed is None
    assert (await verify_and_renew(strong, PASSWORD, hashed)).renewed
    weak.close()
    strong.close()


async def test_beside_a_node_server_hashes_are_better_auths() -> None:
    pool = WorkerPool(threads=1, queue=10, rules=PasswordRules(scheme="better-auth"))
    assert better_auth_scrypt.identify(await hash_password(pool, PASSWORD))
    assert await verify_and_renew(pool, ELSEWHERE, HASHED_ELSEWHERE) == Verified(right=True)
    renewed = (await verify_and_renew(pool, PASSWORD, BCRYPT)).renewed
    assert renewed
    assert better_auth_scrypt.identify(renewed)
    pool.close()


def test_scrypt_is_the_one_of_openssl() -> None:
    salt, key = better_auth_scrypt.hash("a password").split(":")
    expected = hashlib.scrypt(
        b"a password", salt=salt.encode(), n=16384, r=16, p=1, maxmem=2**26, dklen=64
    )
    assert key == expected.hex()


@pytest.mark.parametrize("password", ["password1", "PassWord1", "qwerty12\uff13", "greyhoun"])
async def test_one_of_the_most_common_passwords_cannot_be_chosen(
    service: Service, password: str
) -> None:
    reply = await service.sign_up(password=password)
    assert reply.status_code == 400
    assert reply.json()["code"] == "PASSWORD_COMPROMISED"
    assert await service.rows('SELECT id FROM "user"') == []


async def test_common_passwords_are_allowed_where_the_setting_says_so(
    service: Service, database_url: str
) -> None:
    async with serving(make_settings(database_url, COMMON_PASSWORDS="allow")) as lenient:
        assert (await lenient.sign_up(password="password1")).status_code == 200
    # A user who has one already still signs in where they are refused.
    assert (await service.sign_in(password="password1")).status_code == 200


@pytest.mark.parametrize("password", ["Book-2026!", "bookBOOK", "physicalBook1", "auth...12345"])
async def test_what_is_made_of_the_sites_own_words_cannot_be_chosen(
    service: Service, database_url: str, password: str
) -> None:
    named = make_settings(
        database_url,
        BETTER_AUTH_URL="http://auth.book.example",
        MAIL_FROM="Physical AI <mail@book.example>",
    )
    async with serving(named) as site:
        reply = await site.sign_up(password=password)
        assert (reply.status_code, reply.json()["code"]) == (400, "PASSWORD_COMPROMISED")
    assert (await service.sign_up(password=password)).status_code == 200


async def test_a_password_of_more_than_words_of_the_site_can_be_chosen() -> None:
    words = site_words("https://www.book.aaa.aaaa.example", "")
    assert words == {"book", "aaa", "aaaa"}
    pool = WorkerPool(threads=1, queue=10, rules=PasswordRules(site_words=words))
    for password in ("bookworms", "3141592653", "a" * 127 + "b"):
        assert await hash_password(pool, password)
    pool.close()
    assert site_words("http://localhost:3001", "") == site_words("http://[::1]", "") == set()
    assert site_words("http://127.0.0.1", "") == set()


def test_the_list_holds_passwords_that_the_length_would_let_through() -> None:
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    words = [line for line in lines if not line.startswith("#")]
    assert len(words) > 3000  # ASVS 5.0, 6.2.4
    assert all(len(word) >= MIN_LENGTH and word == word.casefold() for word in words)
    assert words == sorted(set(words))


@pytest.mark.parametrize("hashes", ["argon2id", "better-auth"])
async def test_an_unknown_address_takes_as_much_work_as_a_wrong_password(
    service: Service, database_url: str, hashes: str
) -> None:
    async with serving(make_settings(database_url, PASSWORD_HASH=hashes)) as earlier:
        await earlier.sign_up()

    async def work(email: str) -> float:
        # Processor time of all threads, since the clock on the wall tells of other programs, too.
        started = time.process_time()
        reply = await service.sign_in(email, password="another password")
        assert reply.json()["code"] == "INVALID_EMAIL_OR_PASSWORD"
        return time.process_time() - started

    spans = [(await work("mina@example.com"), await work("nobody@example.com")) for _ in range(8)]
    known, unknown = (min(column) for column in zip(*spans, strict=True))
    assert 0.7 < known / unknown < 1.4


async def test_the_hash_compared_for_an_unknown_address_lets_nobody_in(service: Service) -> None:
    await service.sign_up()  # the only account, so its hash is the one compared
    for email in ("nobody@example.com", "someone@example.com"):
        assert (await service.sign_in(email)).status_code == 401
    await service.write("UPDATE account SET password = NULL")
    assert (await service.sign_in()).status_code == 401


async def test_the_service_answers_while_every_thread_hashes(
    service: Service, database_url: str
) -> None:
    cookie = cookie_of(await service.sign_up())
    gate = Event()
    settings = make_settings(database_url, PASSWORD_WORKERS=2, PASSWORD_QUEUE=1)
    async with serving(settings) as busy:
        hashing = [asyncio.create_task(busy.resources.passwords.run(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        for reply in (await busy.sign_in(), await busy.sign_up("another@example.com")):
            assert reply.status_code == 503
            assert reply.headers["retry-after"] == "2"
        assert (await busy.client.get("/health")).status_code == 200
        assert (await busy.get_session(cookie)).json()["user"]["name"] == "Mina"
        assert not any(task.done() for task in hashing)
        gate.set()
        await asyncio.gather(*hashing)
        assert (await busy.sign_in()).status_code == 200


async def test_a_flood_of_passwords_is_told_to_come_back(
    service: Service, database_url: str
) -> None:
    settings = make_settings(database_url, PASSWORD_WORKERS=1, PASSWORD_QUEUE=1)
    async with serving(settings) as small:
        replies = await asyncio.gather(
            *(small.sign_up(f"reader{n}@example.com") for n in range(10))
        )
    refused = [reply for reply in replies if reply.status_code != 200]
    assert 1 <= len(refused) <= 8  # the first may be done before the last arrives
    for reply in refused:
        assert reply.status_code == 503
        assert reply.json()["code"] == "SERVICE_UNAVAILABLE"
        assert reply.headers["retry-after"] == "2"


async def test_a_reader_taken_over_from_better_auth_gets_a_new_hash_when_signing_in(
    service: Service,
) -> None:
    await service.sign_up()
    await service.write("UPDATE account SET password = :stored", stored=HASHED_ELSEWHERE)
    assert (await service.sign_in(password="not the one")).status_code == 401
    assert await service.rows("SELECT password FROM account") == [(HASHED_ELSEWHERE,)]
    assert (await service.sign_in(password=ELSEWHERE)).status_code == 200
    ((renewed,),) = await service.rows("SELECT password FROM account")
    assert str(renewed).startswith("$argon2id$")
    assert (await service.sign_in(password=ELSEWHERE)).status_code == 200
    assert await service.rows("SELECT password FROM account") == [(renewed,)]


async def test_a_database_shared_with_a_node_server_keeps_its_hashes(
    service: Service, database_url: str
) -> None:
    async with serving(make_settings(database_url, PASSWORD_HASH="better-auth")) as shared:
        await shared.sign_up()
        await shared.write("UPDATE account SET password = :stored", stored=HASHED_ELSEWHERE)
        assert (await shared.sign_in(password=ELSEWHERE)).status_code == 200
        assert await shared.rows("SELECT password FROM account") == [(HASHED_ELSEWHERE,)]
