import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from auth_service.database.address import read_address
from auth_service.database.engine import Database, database_errors, open_database
from auth_service.errors import DatabaseUnavailable
from auth_service.migrate import migrate
from tests.auth_service.database.relay import Relay
from tests.auth_service.service import Service, cookie_of, make_settings, serving
from tests.faults.proxy import proxied


@pytest.fixture
async def relay(database_url: str) -> AsyncIterator[Relay]:
    relay = Relay(urlsplit(database_url).port or 0)
    await relay.restore()
    yield relay
    await relay.cut()


@pytest.fixture
async def relayed(relay: Relay, service: Service, database_url: str) -> AsyncIterator[Service]:
    """The service behind a cable that can be pulled."""
    through = database_url.replace(f":{urlsplit(database_url).port}/", f":{relay.port}/")
    async with serving(make_settings(f"{through}?connect_timeout=2")) as relayed:
        yield relayed


async def expect_unavailable(service: Service, cookie: str) -> None:
    replies = [
        await service.get_session(cookie),
        await service.sign_in(),
        await service.sign_up("omar@example.com"),
        await service.client.get("/api/auth/jwt", headers={"cookie": cookie}),
        await service.client.post(
            "/api/auth/sign-out", headers={"cookie": cookie, "origin": "http://localhost:3000"}
        ),
    ]
    for reply in replies:
        assert reply.status_code == 503
        assert reply.json()["code"] == "SERVICE_UNAVAILABLE"
        assert reply.headers["retry-after"] == "5"
        assert "set-cookie" not in reply.headers
    assert (await service.client.get("/ready")).status_code == 503
    assert (await service.client.get("/health")).status_code == 200


async def test_a_database_gone_is_said_and_comes_back_by_itself(
    relay: Relay, relayed: Service
) -> None:
    cookie = cookie_of(await relayed.sign_up())
    await relay.cut()
    await expect_unavailable(relayed, cookie)
    await relay.restore()
    assert (await relayed.get_session(cookie)).json()["user"]["name"] == "Mina"
    while (await relayed.client.get("/ready")).status_code != 200:  # noqa: ASYNC110 -- not an event
        await asyncio.sleep(0.1)


async def test_a_connection_that_closed_while_idle_is_replaced_unnoticed(
    relay: Relay, relayed: Service
) -> None:
    cookie = cookie_of(await relayed.sign_up())
    await relay.cut()
    await relay.restore()
    assert (await relayed.get_session(cookie)).status_code == 200


async def test_a_database_that_never_answers_is_given_up_in_time(
    relay: Relay, relayed: Service
) -> None:
    cookie = cookie_of(await relayed.sign_up())
    await relay.cut()
    relay.silent = True
    await relay.restore()
    started = time.monotonic()
    reply = await relayed.get_session(cookie)
    assert reply.status_code == 503
    assert time.monotonic() - started < 4


async def test_a_backend_told_to_stop_is_unavailable_and_not_a_crash(
    relayed: Service, service: Service
) -> None:
    cookie = cookie_of(await relayed.sign_up())

    async def held() -> None:
        with database_errors():
            async with relayed.resources.database.engine.begin() as db:
                await db.execute(text("SELECT pg_sleep(30) /* told to stop */"))

    holding = asyncio.create_task(held())
    terminate = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE query LIKE '%told to stop%' AND pid <> pg_backend_pid()"
    )
    while not await service.rows(terminate):  # noqa: ASYNC110 -- the database tells of no event
        await asyncio.sleep(0.01)
    with pytest.raises(DatabaseUnavailable):
        await holding
    assert (await relayed.get_session(cookie)).status_code == 200


async def test_a_statement_that_is_not_answered_in_time_is_unavailable(database_url: str) -> None:
    database = open_database(
        read_address(database_url), pool_size=1, overflow=0, statement_seconds=0.1
    )
    try:
        with pytest.raises(DatabaseUnavailable), database_errors():
            async with database.autocommit.begin() as db:
                await db.execute(text("SELECT pg_sleep(30)"))
    finally:
        await database.engine.dispose()


async def test_of_connections_that_a_firewall_forgot_one_is_waited_for(database_url: str) -> None:
    port = urlsplit(database_url).port or 0
    async with proxied(port) as proxy:
        address = read_address(database_url.replace(f":{port}/", f":{proxy.port}/"))
        database = open_database(address, pool_size=3, overflow=0, statement_seconds=0.5)

        async def asked(statement: str) -> None:
            async with database.statements() as db:
                await db.execute(text(statement))

        await asyncio.gather(*(asked("SELECT pg_sleep(0.1)") for _ in range(3)))
        await proxy.turn("black hole")
        await proxy.turn("open")
        assert database.connections() == (0, 3, 3)
        with pytest.raises(DatabaseUnavailable):
            await asked("SELECT 1")
        await asyncio.gather(*(asked("SELECT pg_sleep(0.1)") for _ in range(3)))
        await database.engine.dispose()


async def test_connections_are_closed_together_where_the_database_says_nothing(
    database_url: str,
) -> None:
    port = urlsplit(database_url).port or 0
    async with proxied(port) as proxy:
        address = read_address(database_url.replace(f":{port}/", f":{proxy.port}/"))
        database = open_database(address, pool_size=5, overflow=0)

        async def asked() -> None:
            async with database.statements() as db:
                await db.execute(text("SELECT pg_sleep(0.2)"))

        await asyncio.gather(*(asked() for _ in range(5)))
        assert database.connections() == (0, 5, 5)
        await proxy.turn("black hole")
        started = time.monotonic()
        await database.close()
        assert time.monotonic() - started < 9  # one alone would take ten, five of them fifty


async def test_a_port_beyond_the_last_is_unavailable() -> None:
    address = read_address("postgresql:///book?host=127.0.0.1&port=99999")
    database = open_database(address, pool_size=1, overflow=0)
    with pytest.raises(DatabaseUnavailable):
        await database.engine.connect()


async def test_a_statement_of_ours_that_is_wrong_is_no_outage(service: Service) -> None:
    with pytest.raises(DBAPIError), database_errors():
        await service.rows("SELECT nothing FROM nowhere")


async def test_values_of_a_failed_statement_stay_hidden(service: Service) -> None:
    with pytest.raises(DBAPIError) as failure:
        await service.write('INSERT INTO "user" (id) VALUES (:value)', value="mina@example.com")
    assert "mina@example.com" not in str(failure.value).split("DETAIL")[0]


async def test_no_free_connection_is_unavailable(database_url: str) -> None:
    database = open_database(read_address(database_url), pool_size=1, overflow=0)
    try:
        async with database.engine.connect() as held:
            await held.execute(text("SELECT 1"))
            with pytest.raises(DatabaseUnavailable), database_errors():
                async with database.engine.connect():
                    pass
    finally:
        await database.engine.dispose()


async def prepared(database: Database) -> list[str]:
    """Run a statement in each manner, then list those the server keeps prepared."""
    async with database.autocommit.begin() as db:
        await db.execute(text("SELECT 7"))
    async with database.engine.begin() as db:
        await db.execute(text("SELECT 7"))
        rows = await db.execute(text("SELECT statement FROM pg_prepared_statements"))
        return [row[0] for row in rows]


async def test_a_pooler_gets_no_prepared_statements(database_url: str) -> None:
    for query, kept in (("", True), ("?pgbouncer=true", False)):
        database = open_database(read_address(database_url + query), pool_size=1, overflow=0)
        try:
            assert ("SELECT 7" in await prepared(database)) is kept
        finally:
            await database.engine.dispose()


async def test_the_whole_service_works_behind_a_pooler(service: Service, database_url: str) -> None:
    async with serving(make_settings(f"{database_url}?pgbouncer=true")) as pooled:
        cookie = cookie_of(await pooled.sign_up())
        assert (await pooled.sign_in()).status_code == 200
        pooled.clock.advance(days=2)
        assert "set-cookie" in (await pooled.get_session(cookie)).headers
        pooled.clock.advance(days=8)
        assert (await pooled.get_session(cookie)).text == "null"
    assert await service.rows("SELECT count(*) FROM session") == [(1,)]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority's certificate (root.crt) and a server's, with its key."""
    folder = tmp_path_factory.mktemp("certificates")
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("authority", root_key, "authority", root_key, authority=True)
    server = _certificate("localhost", key, "authority", root_key, authority=False)
    (folder / "root.crt").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "server.crt").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if authority:
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    else:
        names = [x509.DNSName("localhost")]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture
async def tls_url(service: Service, database_url: str, certificates: Path) -> AsyncIterator[str]:
    """A server that takes encrypted connections alone, by the name localhost."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    port = urlsplit(database_url).port or 0
    relay = Relay(port, context)
    await relay.restore()
    yield database_url.replace(f"127.0.0.1:{port}", f"localhost:{relay.port}")
    await relay.cut()


async def test_a_url_that_asks_for_channel_binding_works_over_verified_tls(
    tls_url: str, certificates: Path
) -> None:
    asked = f"{tls_url}?sslmode=require&channel_binding=require&sslrootcert={certificates}/root.crt"
    await asyncio.to_thread(migrate, asked)
    async with serving(make_settings(asked)) as service:
        assert (await service.sign_up()).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "sslmode=require&channel_binding=require",  # an authority the system does not know
        "sslmode=disable",
    ],
)
async def test_a_server_that_cannot_be_trusted_is_unavailable(tls_url: str, query: str) -> None:
    async with serving(make_settings(f"{tls_url}?{query}")) as service:
        assert (await service.sign_in()).status_code == 503


async def test_verify_full_refuses_a_server_of_another_name(
    tls_url: str, certificates: Path
) -> None:
    elsewhere = tls_url.replace("localhost", "127.0.0.1")
    root = f"sslrootcert={certificates}/root.crt"
    async with serving(make_settings(f"{elsewhere}?sslmode=verify-full&{root}")) as service:
        assert (await service.client.get("/ready")).status_code == 503
    database = open_database(
        read_address(f"{elsewhere}?sslmode=verify-ca&{root}"), pool_size=1, overflow=0
    )
    async with database.engine.connect() as db:
        assert (await db.execute(text("SELECT 1"))).scalar() == 1
    await database.engine.dispose()


async def test_a_client_certificate_is_shown_to_a_server_that_asks_for_one(
    database_url: str, certificates: Path
) -> None:
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "root.crt")
    )
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    port = urlsplit(database_url).port or 0
    relay = Relay(port, context)
    await relay.restore()
    url = database_url.replace(f"127.0.0.1:{port}", f"localhost:{relay.port}")
    shown = f"sslcert={certificates}/server.crt&sslkey={certificates}/server.key"
    try:
        for query, answers in ((f"sslmode=require&{shown}", True), ("sslmode=require", False)):
            database = open_database(read_address(f"{url}?{query}"), pool_size=1, overflow=0)
            try:
                async with database.engine.connect() as db:
                    assert (await db.execute(text("SELECT 1"))).scalar() == 1
                assert answers
            except DatabaseUnavailable:
                assert not answers
            finally:
                await database.engine.dispose()
    finally:
        await relay.cut()


async def test_a_database_that_encrypts_works_without_verification_where_none_is_asked(
    tls_url: str,
) -> None:
    database = open_database(read_address(f"{tls_url}?sslmode=require"), pool_size=1, overflow=0)
    async with database.engine.connect() as db:
        assert (await db.execute(text("SELECT 1"))).scalar() == 1
    await database.engine.dispose()
