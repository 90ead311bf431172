"""What auth_service counts and times, beside what both services do."""

from service_kit import rate_limit
from service_kit.metrics import Counter, Gauge, Histogram, dropped, requests, vitals

SIGN_INS = Counter(
    "auth_sign_ins_total",
    "Sign-ins by what came of them: the session begun, or why there is none.",
    {"result": ("ok", "wrong_password", "backed_off", "banned", "provider", "overloaded")},
)
SIGN_UPS = Counter("auth_sign_ups_total", "Accounts opened, by providers' sign-ins too.")
HASHING = Histogram(
    "auth_password_hash_seconds",
    "Time from a password's being handed over to its having been hashed, the queue included.",
)
HASHES = Gauge("auth_passwords_in_hand", "Passwords that are hashed or wait for it.")
PLACES = Gauge("auth_password_places", "Passwords that may be hashed or wait for it, at most.")
TURNED_AWAY = Counter(
    "auth_passwords_turned_away_total", "Passwords for which the queue had no place: answered 503."
)
CONNECTIONS = Gauge(
    "auth_database_connections",
    "Connections to the database, by the pool they are of and whether they are in use.",
    {"pool": ("transactions", "sessions"), "state": ("used", "idle")},
)
MOST_CONNECTIONS = Gauge(
    "auth_database_connections_limit",
    "Connections that a pool opens at most.",
    {"pool": ("transactions", "sessions")},
)
DATABASE_ERRORS = Counter(
    "auth_database_unavailable_total", "Times that the database did not answer."
)
MAILS = Counter(
    "auth_mails_total",
    "Mails by what became of them; one that waits for the mail server may be delayed many times.",
    {"result": ("sent", "delayed", "refused", "lost")},
)

METRICS = (
    *requests.METRICS,
    *vitals.METRICS,
    dropped.DROPPED,
    *rate_limit.METRICS,
    SIGN_INS,
    SIGN_UPS,
    HASHING,
    HASHES,
    PLACES,
    TURNED_AWAY,
    CONNECTIONS,
    MOST_CONNECTIONS,
    DATABASE_ERRORS,
    MAILS,
)
