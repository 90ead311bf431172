"""A libpq URL, exactly as Neon, Supabase or `createdb` hand it out, read for asyncpg.

asyncpg reads most of such a URL itself. Here is what it does not know: channel binding, `sslmode`
checked against the system's certificates, `connect_timeout`, and poolers; and what it would take
for a setting of the server's, which then refuses every connection.

Source: PostgreSQL documentation, section 34.1.2, Parameter Key Words.
"""

import re
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from service_kit.settings import BadSettings

_SCHEMES = {"postgres", "postgresql", "postgresql+asyncpg"}
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_CHANNEL_BINDINGS = ("disable", "prefer", "require")
_HANDED_ON = {
    *("host", "port", "user", "password", "dbname", "passfile", "service", "target_session_attrs"),
    *("application_name", "client_encoding", "options", "replication", "sslnegotiation"),
    *("sslcert", "sslkey", "sslpassword", "ssl_min_protocol_version", "ssl_max_protocol_version"),
    *("krbsrvname", "gsslib"),
}
"""What asyncpg, or the server, reads as libpq does."""

_WITHOUT_EFFECT = {
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    *("tcp_user_timeout", "load_balance_hosts", "fallback_application_name"),
    *("gssencmode", "sslcompression", "sslsni"),
    *("connection_limit", "pool_timeout", "supa"),  # Prisma's and Supabase's, found in their URLs
}
"""What tunes another driver's connections and changes nothing about ours."""

_DEFAULT_TIMEOUT = 10.0  # seconds; a serverless database that slept needs a few to wake

_PARAMETER = re.compile(r"[a-z_]+")

_NOTICE = (
    "DATABASE_URL asks for channel_binding=require, which this service's driver does not have; "
    "the server's certificate is verified instead (sslmode=verify-full)."
)


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where the database is and how to speak with it.

    Attributes:
        dsn: What asyncpg reads by itself; holds the password.
        tls: A context; or a mode of asyncpg's, where encryption is optional; None: its default.
        timeout: Seconds a connection may take.
        pooled: A transaction pooler stands in front: no prepared statements, no autocommit.
        notice: A sentence for the start text where the URL could not be followed to the letter.
    """

    dsn: str = field(repr=False)
    tls: ssl.SSLContext | str | None
    timeout: float
    pooled: bool
    notice: str | None


def read_address(url: str) -> DatabaseAddress:
    """Read a libpq URL.

    Raises:
        BadSettings: It is none, or asks for what cannot be had.
    """
    parts = _split(url.strip())
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    pgbouncer = query.pop("pgbouncer", "").lower() == "true"
    timeout = _timeout(query.pop("connect_timeout", ""))
    mode = _choice(query, "sslmode", _SSL_MODES)
    binding = _choice(query, "channel_binding", _CHANNEL_BINDINGS)
    root = query.pop("sslrootcert", "")
    notice = None
    if binding == "require":
        if mode in {"disable", "allow", "prefer"}:
            raise BadSettings(
                f"DATABASE_URL asks for channel_binding=require without TLS (sslmode={mode})"
            )
        mode, notice = "verify-full", _NOTICE
    query = {name: value for name, value in query.items() if name not in _WITHOUT_EFFECT}
    if unknown := query.keys() - _HANDED_ON:
        raise BadSettings(_complaint(unknown))
    hosts = query.get("host") or parts.netloc.rpartition("@")[2]
    # urlencode's `+` for a space is read back by asyncpg's parse_qs.
    dsn = urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query), ""))
    return DatabaseAddress(
        dsn=dsn,
        tls=_tls(mode, root, query),
        timeout=timeout,
        pooled=pgbouncer or any(_is_pooler(host) for host in hosts.split(",")),
        notice=notice,
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        for host in parts.netloc.rpartition("@")[2].split(","):
            _ = urlsplit(f"//{host}").port  # raises for what is none
    except ValueError as error:
        raise BadSettings("DATABASE_URL is not a URL that can be read") from error
    if parts.scheme not in _SCHEMES:
        raise BadSettings("DATABASE_URL does not begin with postgresql://")
    return parts


def _complaint(unknown: Collection[str]) -> str:
    # A password with a bare `?` in it ends up among the names, so only plain words are said.
    names = ", ".join(sorted(name for name in unknown if _PARAMETER.fullmatch(name)))
    return f"DATABASE_URL has parameters that cannot be followed here: {names or '(no names)'}"


def _choice(query: dict[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    value = query.pop(name, None)
    if value is not None and value not in choices:
        raise BadSettings(f"DATABASE_URL has an unknown {name}; it may be {', '.join(choices)}")
    return value


def _timeout(text: str) -> float:
    if not text:
        return _DEFAULT_TIMEOUT
    if not text.isdecimal():
        raise BadSettings("DATABASE_URL has a connect_timeout that is no number of seconds")
    # libpq: 0 waits for ever, which no request can, and less than 2 is taken as 2.
    return max(2.0, float(text)) if int(text) else _DEFAULT_TIMEOUT


def _is_pooler(host: str) -> bool:
    """Tell Neon's (`ep-x-pooler.region.…`) and Supabase's (`….pooler.supabase.com`) poolers."""
    return "-pooler." in host or ".pooler." in host or host.startswith("pooler.")


def _tls(mode: str | None, root: str, query: Mapping[str, str]) -> ssl.SSLContext | str | None:
    if mode in {None, "disable", "allow", "prefer"}:
        return mode
    context = _verifying(mode, root)
    if certificate := query.get("sslcert"):
        try:
            context.load_cert_chain(certificate, query.get("sslkey"), query.get("sslpassword", ""))
        except OSError as error:  # ssl.SSLError is one
            raise BadSettings(
                "DATABASE_URL names an sslcert or sslkey that cannot be used"
            ) from error
    return context


def _verifying(mode: str | None, root: str) -> ssl.SSLContext:
    certificates = None if root in {"", "system"} else root
    if mode == "require" and not root:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if certificates is not None and not Path(certificates).is_file():
        raise BadSettings("DATABASE_URL names an sslrootcert file that is not there")
    try:
        context = ssl.create_default_context(cafile=certificates)
    except ssl.SSLError as error:
        raise BadSettings("DATABASE_URL names an sslrootcert that holds no certificate") from error
    # libpq: with a root certificate `require` checks the chain as verify-ca does, not the name.
    context.check_hostname = mode == "verify-full" or root == "system"
    return context
