import ssl

import pytest

from auth_service.database.address import read_address
from service_kit.settings import BadSettings

NEON = (
    "postgresql://book:secret-word@ep-calm-sun-a1b2c3-pooler.eu-central-1.aws.neon.tech/book"
    "?sslmode=require&channel_binding=require"
)


def test_a_url_as_neon_hands_it_out_is_read() -> None:
    address = read_address(NEON)
    assert address.pooled
    assert isinstance(address.tls, ssl.SSLContext)
    assert address.tls.check_hostname
    assert address.tls.verify_mode == ssl.CERT_REQUIRED
    assert "sslmode" not in address.dsn
    assert "channel_binding" not in address.dsn
    assert address.notice is not None
    assert "certificate is verified" in address.notice


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_spelling_of_the_scheme_is_read(scheme: str) -> None:
    address = read_address(f"{scheme}://book@localhost:5433/book")
    assert address.dsn == "postgresql://book@localhost:5433/book"
    assert address.notice is None


@pytest.mark.parametrize(
    ("url", "pooled"),
    [
        ("postgresql://u@aws-0-eu-west-1.pooler.supabase.com:6543/postgres", True),
        ("postgresql://u@pooler.example/book", True),
        ("postgresql://u@localhost/book?pgbouncer=true", True),
        ("postgresql://u@localhost/book?pgbouncer=false", False),
        ("postgresql://u@db.abcdef.supabase.co:5432/postgres", False),
        ("postgresql://u@ep-calm-sun-a1b2c3.eu-central-1.aws.neon.tech/book", False),
        ("postgresql://u@spooler.example/book", False),
        ("postgresql:///book?host=a-pooler.example", True),
    ],
)
def test_a_pooler_is_known_by_its_name(url: str, pooled: bool) -> None:
    address = read_address(url)
    assert address.pooled is pooled
    assert "pgbouncer" not in address.dsn


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
def test_where_encryption_is_optional_the_driver_decides(mode: str) -> None:
    assert read_address(f"postgresql://u@localhost/book?sslmode={mode}").tls == mode


@pytest.mark.parametrize(
    ("query", "verifies", "checks_name"),
    [
        ("sslmode=require", False, False),
        ("sslmode=verify-ca", True, False),
        ("sslmode=verify-full", True, True),
        ("sslmode=verify-ca&sslrootcert=system", True, True),
        ("sslmode=require&channel_binding=prefer", False, False),
        ("channel_binding=require", True, True),
    ],
)
def test_a_mode_says_what_is_verified(query: str, verifies: bool, checks_name: bool) -> None:
    tls = read_address(f"postgresql://u@localhost/book?{query}").tls
    assert isinstance(tls, ssl.SSLContext)
    assert (tls.verify_mode == ssl.CERT_REQUIRED) is verifies
    assert tls.check_hostname is checks_name


@pytest.mark.parametrize(("text", "seconds"), [("", 10), ("0", 10), ("1", 2), ("30", 30)])
def test_a_connection_may_take_so_long(text: str, seconds: float) -> None:
    address = read_address(f"postgresql://u@localhost/book?connect_timeout={text}")
    assert address.timeout == seconds
    assert "connect_timeout" not in address.dsn


def test_what_the_server_reads_is_handed_on() -> None:
    address = read_address(
        "postgresql://u@localhost/book?application_name=a%20b&options=endpoint%3Dep-x"
    )
    assert address.dsn.endswith("?application_name=a+b&options=endpoint%3Dep-x")


@pytest.mark.parametrize(
    "query",
    [
        "keepalives=1&keepalives_idle=30&keepalives_interval=5&keepalives_count=3",
        "gssencmode=disable&sslcompression=0&sslsni=1",
        "load_balance_hosts=random&tcp_user_timeout=9&fallback_application_name=psql",
        "pgbouncer=true&connection_limit=1&pool_timeout=10",
        "supa=base-pooler.x",
    ],
)
def test_what_tunes_other_drivers_is_not_asked_of_the_server(query: str) -> None:
    assert read_address(f"postgresql://u@localhost/book?{query}").dsn.endswith("/book")


def test_white_space_around_a_url_is_no_part_of_it() -> None:
    assert read_address(" postgresql://u@localhost/book\n").dsn == "postgresql://u@localhost/book"


def test_several_hosts_are_handed_on() -> None:
    url = "postgresql://u@[::1]:5433,db.example,%2Ftmp/book"
    assert read_address(url).dsn == url


def test_a_parameter_is_not_named_where_it_could_be_a_part_of_a_password() -> None:
    with pytest.raises(BadSettings) as refusal:
        read_address("postgresql://u:1?secret-word@localhost/book")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u@first:1,second:x/book", "not a URL"),
        ("postgresql://u@first:99999,second/book", "not a URL"),
        ("postgresql://u@localhost/book?schema=other&ssl=true", "followed here: schema, ssl"),
        ("postgresql://u@localhost/book?sslmode=require&sslcert=/nowhere", "sslcert or sslkey"),
        ("mysql://u@localhost/book", "does not begin with postgresql://"),
        ("", "does not begin with postgresql://"),
        ("postgresql://u@localhost:port/book", "not a URL"),
        ("postgresql://u@[localhost/book", "not a URL"),
        ("postgresql://u@localhost/book?sslmode=maybe", "unknown sslmode"),
        ("postgresql://u@localhost/book?channel_binding=maybe", "unknown channel_binding"),
        ("postgresql://u@localhost/book?sslmode=disable&channel_binding=require", "without TLS"),
        ("postgresql://u@localhost/book?connect_timeout=soon", "connect_timeout"),
        (
            "postgresql://u@localhost/book?sslmode=verify-full&sslrootcert=/nowhere/root.crt",
            "not there",
        ),
    ],
)
def test_a_url_that_cannot_be_followed_is_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        read_address(url)


def test_a_root_file_without_certificate_is_refused(tmp_path: object) -> None:
    with pytest.raises(BadSettings, match="holds no certificate"):
        read_address(f"postgresql://u@localhost/book?sslmode=verify-ca&sslrootcert={__file__}")


def test_no_password_shows_when_an_address_is_printed() -> None:
    assert "secret-word" not in repr(read_address(NEON))
