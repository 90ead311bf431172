import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from auth_service.accounts.passwords import better_auth_scrypt, hash_password, verify_password
from auth_service.workers import WorkerPool
from tests.auth_service.service import PASSWORD, Service, make_settings, serving

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


@pytest.mark.parametrize("stored", ["", "plain text", "$2b$12$" + "x" * 53, "ab:cd", "$argon2id$"])
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


async def test_an_unknown_address_takes_as_much_work_as_a_wrong_password(
    service: Service,
) -> None:
    await service.sign_up()

    async def work(email: str) -> float:
        # Processor time of all threads, since the clock on the wall tells of other programs, too.
        started = time.process_time()
        await service.sign_in(email, password="another password")
        return time.process_time() - started

    spans = [(await work("mina@example.com"), await work("nobody@example.com")) for _ in range(8)]
    known, unknown = (min(column) for column in zip(*spans, strict=True))
    assert 0.5 < known / unknown < 2


async def test_the_service_answers_while_passwords_are_hashed(service: Service) -> None:
    signing_up = [asyncio.create_task(service.sign_up(f"reader{n}@example.com")) for n in range(8)]
    await asyncio.sleep(0.005)
    started = time.perf_counter()
    assert (await service.client.get("/health")).status_code == 200
    answered_in = time.perf_counter() - started
    assert not all(task.done() for task in signing_up)
    assert answered_in < 0.1
    await asyncio.gather(*signing_up)


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


async def test_a_reader_taken_over_from_better_auth_signs_in(service: Service) -> None:
    await service.sign_up()
    await service.write("UPDATE account SET password = :stored", stored=HASHED_ELSEWHERE)
    assert (await service.sign_in(password=ELSEWHERE)).status_code == 200
    rows = await service.rows("SELECT password FROM account")
    assert rows == [(HASHED_ELSEWHERE,)]  # left as it is, so the database can go back
