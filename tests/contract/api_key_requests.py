"""Requests about API keys that our service and Better Auth's must answer alike."""

import re

import httpx

DAY = 86400

# `KEY` stands for the id of a key of the caller's.
CREATE: tuple[dict[str, object], ...] = (
    {},
    {"name": "", "metadata": {"course": ["a", 1, None]}},
    {"name": "x" * 32, "prefix": "book_", "expiresIn": 2 * DAY},
    {"name": "x" * 33},
    {"name": "😀" * 17},
    {"name": 5},
    {"name": None},
    {"prefix": ""},
    {"prefix": "a b"},
    {"prefix": "a\n"},
    {"prefix": "x" * 33},
    {"prefix": None},
    {"expiresIn": 0},
    {"expiresIn": 1},
    {"expiresIn": "5"},
    {"expiresIn": True},
    {"expiresIn": 366 * DAY},
    {"expiresIn": 10**30},
    {"expiresIn": None},
    {"metadata": 5},
    {"metadata": "s"},
    {"metadata": True},
    {"metadata": []},
    {"metadata": [1]},
    {"metadata": {}},
    {"metadata": None},
    {"metadata": 0},
    {"metadata": ""},
    {"metadata": False},
    {"remaining": 5},
    {"remaining": None},
    {"remaining": -1},
    {"remaining": "x"},
    {"refillAmount": 0},
    {"refillAmount": 1},
    {"refillAmount": None},
    {"refillInterval": -5},
    {"refillInterval": []},
    {"rateLimitMax": 0},
    {"rateLimitTimeWindow": {}},
    {"rateLimitEnabled": True},
    {"rateLimitEnabled": "x"},
    {"permissions": {"a": ["b"]}},
    {"permissions": {"a": "b"}},
    {"permissions": []},
    {"permissions": None},
    {"permissions": {"a": [1]}},
    {"userId": "x"},
    {"userId": 5},
    {"userId": None},
    {"organizationId": "o"},
    {"configId": "zzz"},
    {"configId": 5},
    {"name": "x" * 33, "remaining": 3, "userId": "x"},
    {"name": "x" * 33, "prefix": "x" * 33, "expiresIn": 1, "metadata": "s"},
    {"name": "x" * 33, "prefix": "x" * 33, "expiresIn": 1},
    {"name": "x" * 33, "prefix": "x" * 33},
)
UPDATE: tuple[dict[str, object], ...] = (
    {},
    {"keyId": 5},
    {"keyId": "KEY"},
    {"keyId": "KEY", "name": "new name", "metadata": {"b": [2]}, "enabled": True},
    {"keyId": "KEY", "name": ""},
    {"keyId": "KEY", "name": "x" * 33},
    {"keyId": "KEY", "name": None},
    {"keyId": "KEY", "enabled": "x"},
    {"keyId": "KEY", "enabled": None},
    {"keyId": "KEY", "enabled": False},
    {"keyId": "KEY", "expiresIn": 1},
    {"keyId": "KEY", "expiresIn": 0},
    {"keyId": "KEY", "expiresIn": 400 * DAY},
    {"keyId": "KEY", "expiresIn": 3 * DAY},
    {"keyId": "KEY", "expiresIn": None},
    {"keyId": "KEY", "metadata": "x"},
    {"keyId": "KEY", "metadata": 5},
    {"keyId": "KEY", "metadata": False},
    {"keyId": "KEY", "metadata": []},
    {"keyId": "KEY", "metadata": None},
    {"keyId": "KEY", "remaining": 0},
    {"keyId": "KEY", "remaining": 5},
    {"keyId": "KEY", "remaining": None},
    {"keyId": "KEY", "refillAmount": 0},
    {"keyId": "KEY", "permissions": None},
    {"keyId": "KEY", "permissions": {"a": [1]}},
    {"keyId": "KEY", "userId": "x"},
    {"keyId": "KEY", "userId": None, "name": "q"},
    {"keyId": "KEY", "userId": 5, "remaining": 3},
    {"keyId": "KEY", "userId": ""},
    {"keyId": "KEY", "configId": "zz", "name": "n"},
    {"keyId": "nope", "name": "ok"},
    {"keyId": "nope", "remaining": 2},
    {"keyId": "nope", "name": ""},
    {"keyId": "nope"},
)
GET = ("", "?id=x", "?id=KEY", "?id=KEY&id=2", "?id=", "?id=KEY&configId=a")
LIST = (
    "",
    "?limit=1",
    "?limit=0",
    "?limit=-1",
    "?limit=x",
    "?limit=1.5",
    "?limit=",
    "?limit=1e1",
    "?limit=0x10",
    "?limit=%201%20",
    "?limit=99999999999999999999",
    "?limit=1&limit=2",
    "?offset=1",
    "?offset=a",
    "?limit=1&offset=1",
    "?sortBy=name",
    "?sortBy=name&sortDirection=desc",
    "?sortBy=createdAt&sortDirection=desc",
    "?sortDirection=up",
    "?configId=zz",
    "?configId=default",
)
DELETE: tuple[dict[str, object], ...] = (
    {},
    {"keyId": 5},
    {"keyId": "x"},
    {"keyId": "KEY"},
    {"keyId": "KEY"},
)
# How a key stands, as columns; uses follow one another until the last number of them.
STATES: tuple[tuple[str, int], ...] = (
    ("enabled = true", 2),
    ("enabled = null", 1),
    ("enabled = false", 1),
    ("enabled = false, \"expiresAt\" = now() - interval '1 day'", 1),
    ("\"expiresAt\" = now() - interval '1 day'", 2),
    ("remaining = 0", 2),
    ("remaining = 1", 3),
    ('remaining = 1, "refillAmount" = 2, "refillInterval" = 600000', 3),
    ('remaining = 0, "refillAmount" = 2', 2),
    (
        (
            'remaining = 0, "refillAmount" = 3, "refillInterval" = 60000, '
            "\"createdAt\" = now() - interval '1 hour'"
        ),
        4,
    ),
    (
        (
            'remaining = 9, "refillAmount" = 3, "refillInterval" = 60000, '
            "\"lastRefillAt\" = date_trunc('second', now()) - interval '1 hour'"
        ),
        1,
    ),
    ('remaining = 5, "rateLimitMax" = 1', 2),
    ('"rateLimitMax" = 2', 4),
    (
        (
            '"rateLimitMax" = 2, "requestCount" = 2, "rateLimitTimeWindow" = 60000, '
            "\"lastRequest\" = now() - interval '1 hour'"
        ),
        3,
    ),
    ('"rateLimitMax" = null', 2),
    ('"rateLimitTimeWindow" = null', 2),
    ('"rateLimitMax" = 0', 2),
    ('"rateLimitEnabled" = null, "rateLimitMax" = 1', 2),
    ('"rateLimitEnabled" = false, "rateLimitMax" = 1', 3),
    ("\"configId\" = 'zzz'", 1),
    ("\"referenceId\" = 'nobody'", 1),
)
# What a key opens and does not: method, path, body.
WITH_A_KEY: tuple[tuple[str, str, dict[str, object] | None], ...] = (
    ("GET", "get-session", None),
    ("POST", "get-session", {}),
    ("GET", "list-accounts", None),
    ("GET", "api-key/list?limit=0", None),
    ("POST", "api-key/verify", {"key": "x"}),
    ("POST", "api-key/delete-all-expired-api-keys", {}),
    ("POST", "update-session", {}),
    ("POST", "update-user", {"name": "Mina"}),
    ("POST", "api-key/delete", {"keyId": "x"}),
    ("POST", "revoke-session", {"token": "x"}),
    ("POST", "revoke-sessions", {}),
    ("POST", "revoke-other-sessions", {}),
    ("POST", "verify-password", {"password": "x"}),
    ("POST", "change-password", {"newPassword": "a1b2c3d4e5", "currentPassword": "x"}),
    ("POST", "change-email", {"newEmail": "other@example.com"}),
    ("POST", "delete-user", {}),
    ("POST", "sign-out", {}),
    ("POST", "sign-up/email", {}),
    ("GET", "nowhere", None),
)
WITH_A_WRONG_KEY: tuple[tuple[str, str, dict[str, object] | None], ...] = (
    ("GET", "get-session", None),
    ("GET", "verify-email", None),
    ("GET", "nowhere", None),
    ("POST", "update-user", {"name": "Mina"}),
    ("POST", "api-key/create", {}),
)
# Keys that are none, where something else is wrong too: what is said first.
WRONG_KEYS = ("x" * 10, "x" * 64, "")

FOREIGN = {"cookie": "a=b", "origin": "http://elsewhere.example"}

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_KEY = re.compile(r'"(?:[a-z]+_)?[a-zA-Z0-9]{64}"')
IDENTIFIER = re.compile(r"[a-zA-Z0-9]{32}")
_START = re.compile(r'"start":"[^"]{6}"')
_EMAIL = re.compile(r'"[^"@]+@example\.com"')
_WAIT = re.compile(r'"tryAgainIn":\d+')
_ADDRESS = re.compile(r'"(ipAddress|userAgent)":(null|"[^"]*")')


def alike(reply: httpx.Response) -> tuple[int, object]:
    """Return what a reply says, without what is drawn at random, or is a moment."""
    text = _TIME.sub("<time>", reply.text)
    text = _START.sub('"start":"<start>"', IDENTIFIER.sub("<id>", _KEY.sub('"<key>"', text)))
    text = _EMAIL.sub('"<email>"', text)
    text = _ADDRESS.sub(r'"\1":"<client>"', _WAIT.sub('"tryAgainIn":1', text))
    body = httpx.Response(200, text=text).json() if text else None
    return reply.status_code, body
