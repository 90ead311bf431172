import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import jwt
import pytest

from tests.auth_service.api_keys.keys import new_key, new_reader, set_columns, use
from tests.auth_service.service import PASSWORD, TOKEN_SECRET, Service, make_settings, serving
from tests.auth_service.signed_in import UNAUTHORIZED, get, post, told

DAY = 24 * 3600
NOBODY = (401, {"message": "Unauthorized or invalid session", "code": "UNAUTHORIZED_SESSION"})


async def test_a_key_is_shown_once_and_stored_as_its_hash(service: Service) -> None:
    cookie = await new_reader(service)
    made = await post(service, "api-key/create", cookie, {"prefix": "book_", "name": "CI"})
    key = made.json()["key"]
    assert made.headers["cache-control"] == "no-store"
    assert key.startswith("book_")
    assert (len(key), key[5:].isalpha()) == (69, True)
    assert made.json()["start"] == key[:6]
    hashed = urlsafe_b64encode(sha256(key.encode()).digest()).rstrip(b"=").decode()
    assert await service.rows("SELECT key FROM apikey WHERE key = :key", key=hashed)
    for path in (f"api-key/get?id={made.json()['id']}", "api-key/list"):
        reply = await get(service, path, cookie)
        assert key not in reply.text
        assert hashed not in reply.text


async def test_a_new_key_is_told_whole(service: Service) -> None:
    cookie = await new_reader(service)
    made = await new_key(service, cookie, metadata={"course": [1]}, expiresIn=2 * 86400)
    mina = (await service.get_session(cookie)).json()["user"]["id"]
    assert made == {
        "id": made["id"],
        "configId": "default",
        "name": None,
        "start": made["key"][:6],
        "prefix": None,
        "key": made["key"],
        "referenceId": mina,
        "enabled": True,
        "rateLimitEnabled": True,
        "rateLimitTimeWindow": 86400000,
        "rateLimitMax": 10,
        "requestCount": 0,
        "remaining": None,
        "lastRequest": None,
        "refillInterval": None,
        "refillAmount": None,
        "lastRefillAt": None,
        "expiresAt": "2026-03-03T12:30:15.123Z",
        "createdAt": "2026-03-01T12:30:15.123Z",
        "updatedAt": "2026-03-01T12:30:15.123Z",
        "permissions": None,
        "metadata": {"course": [1]},
    }
    told_again = await get(service, f"api-key/get?id={made['id']}", cookie)
    assert told_again.json() == {name: made[name] for name in made if name != "key"}


async def test_a_key_acts_as_a_session_of_its_owner(service: Service) -> None:
    cookie = await new_reader(service)
    key = await new_key(service, cookie)
    reply = await service.client.get(
        "/api/auth/get-session", headers={"x-api-key": key["key"], "user-agent": "nightly"}
    )
    by_cookie = (await service.get_session(cookie)).json()
    assert reply.json() == {
        "user": by_cookie["user"],
        "session": {
            "id": key["id"],
            "token": key["key"],
            "userId": by_cookie["user"]["id"],
            "userAgent": "nightly",
            "ipAddress": "203.0.113.7",
            "createdAt": "2026-03-01T12:30:15.123Z",
            "updatedAt": "2026-03-01T12:30:15.123Z",
            "expiresAt": "2026-03-01T12:40:19.923Z",
        },
    }
    assert "set-cookie" not in reply.headers
    again = await service.client.post("/api/auth/get-session", headers={"x-api-key": key["key"]})
    assert again.json()["session"]["id"] == key["id"]


async def test_a_key_goes_before_a_cookie(service: Service) -> None:
    key = await new_key(service, await new_reader(service, "omar@example.com"))
    mina = await new_reader(service)
    reply = await service.client.get(
        "/api/auth/get-session", headers={"x-api-key": key["key"], "cookie": mina}
    )
    assert reply.json()["user"]["email"] == "omar@example.com"


async def test_a_token_drawn_with_a_key_has_the_keys_id_as_sid(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    reply = await use(service, key["key"], "jwt")
    claims = jwt.decode(
        reply.json()["token"],
        TOKEN_SECRET,
        algorithms=["HS256"],
        audience="api-service",
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    assert (claims["sid"], claims["email"]) == (key["id"], "mina@example.com")


def lifetime(token: str) -> int:
    claims = jwt.decode(token, options={"verify_signature": False})
    return int(claims["exp"] - claims["iat"])


async def test_a_token_drawn_with_a_key_counts_no_longer_than_the_key(service: Service) -> None:
    cookie = await new_reader(service)
    ends = await new_key(service, cookie, expiresIn=DAY)
    goes_on = await new_key(service, cookie)
    service.clock.advance(hours=23, minutes=50)

    for path, longest in {"jwt": 7 * DAY, "token": 15 * 60}.items():
        drawn = (await use(service, ends["key"], path)).json()["token"]
        assert lifetime(drawn) == 10 * 60, path
        drawn = (await use(service, goes_on["key"], path)).json()["token"]
        assert lifetime(drawn) == longest, path


async def test_jwt_refuses_a_wrong_key_as_it_does_no_session(service: Service) -> None:
    cookie = await new_reader(service)
    for wrong in ("x" * 10, "x" * 64):
        reply = await service.client.get(
            "/api/auth/jwt", headers={"x-api-key": wrong, "cookie": cookie}
        )
        assert told(reply) == (401, {"error": "Unauthorized"})
    key = await new_key(service, cookie)
    await set_columns(service, key, '"rateLimitMax" = 1')
    await use(service, key["key"])
    assert (await use(service, key["key"], "jwt")).status_code == 429


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("change-password", {"newPassword": "another good one", "currentPassword": "x"}),
        ("verify-password", {"password": "x"}),
        ("change-email", {"newEmail": "other@example.com"}),
        ("delete-user", {}),
        ("revoke-session", {"token": "x"}),
        ("revoke-sessions", {}),
        ("revoke-other-sessions", {}),
    ],
)
async def test_a_key_does_not_open_what_is_a_persons_own(
    service: Service, path: str, body: dict[str, Any]
) -> None:
    key = await new_key(service, await new_reader(service))
    headers = {"x-api-key": key["key"]}
    reply = await service.client.post(f"/api/auth/{path}", json=body, headers=headers)
    assert told(reply) == UNAUTHORIZED


async def test_a_key_changes_the_profile_and_is_put_into_no_cookie(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    reply = await service.client.post(
        "/api/auth/update-user", json={"name": "Mina B"}, headers={"x-api-key": key["key"]}
    )
    assert told(reply) == (200, {"status": True})
    assert "set-cookie" not in reply.headers
    assert (await use(service, key["key"])).json()["user"]["name"] == "Mina B"


async def test_one_request_counts_once_however_many_checks_look_at_the_key(
    service: Service,
) -> None:
    key = await new_key(service, await new_reader(service))
    headers = {"x-api-key": key["key"]}
    await service.client.post("/api/auth/update-user", json={"name": "M"}, headers=headers)
    await service.client.get("/api/auth/api-key/list", headers=headers)
    asked = 'SELECT "requestCount" FROM apikey WHERE id = :id'
    assert await service.rows(asked, id=key["id"]) == [(2,)]


async def test_what_only_the_sites_owner_sets_is_refused(service: Service) -> None:
    cookie = await new_reader(service)
    key = await new_key(service, cookie)
    for member, value in (
        ("remaining", 5),
        ("refillAmount", 5),
        ("refillInterval", 5),
        ("rateLimitMax", 5),
        ("rateLimitTimeWindow", 5),
        ("rateLimitEnabled", False),
        ("permissions", {"book": ["ask"]}),
    ):
        for path in ("create", "update"):
            body = {"keyId": key["id"], member: value}
            reply = await post(service, f"api-key/{path}", cookie, body)
            assert (reply.status_code, reply.json()["code"]) == (400, "SERVER_ONLY_PROPERTY")


async def test_nobody_makes_or_changes_a_key_without_a_session(service: Service) -> None:
    assert told(await post(service, "api-key/create", None, {})) == NOBODY
    assert told(await post(service, "api-key/update", None, {"keyId": "x"})) == NOBODY
    assert told(await post(service, "api-key/delete", None, {"keyId": "x"})) == UNAUTHORIZED
    assert told(await get(service, "api-key/list")) == UNAUTHORIZED
    assert told(await get(service, "api-key/get?id=x")) == UNAUTHORIZED


async def test_somebody_elses_key_is_as_good_as_none(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    omar = await new_reader(service, "omar@example.com")
    for reply in (
        await get(service, f"api-key/get?id={key['id']}", omar),
        await post(service, "api-key/update", omar, {"keyId": key["id"], "name": "mine"}),
        await post(service, "api-key/delete", omar, {"keyId": key["id"]}),
    ):
        assert (reply.status_code, reply.json()["code"]) == (404, "KEY_NOT_FOUND")
    assert (await get(service, "api-key/list", omar)).json() == {"apiKeys": [], "total": 0}
    owners = await get(service, f"api-key/list?organizationId={key['referenceId']}", omar)
    assert owners.json() == {"apiKeys": [], "total": 0}


async def test_a_key_is_changed_disabled_and_deleted(service: Service) -> None:
    cookie = await new_reader(service)
    key = await new_key(service, cookie, metadata={"a": 1})
    service.clock.advance(minutes=5)
    changes = {"name": "renamed", "expiresIn": 86400, "metadata": None, "enabled": False}
    changed = await post(service, "api-key/update", cookie, {"keyId": key["id"], **changes})
    told_now = changed.json()
    assert told_now["name"] == "renamed"
    assert told_now["expiresAt"] == "2026-03-02T12:35:15.123Z"
    assert told_now["updatedAt"] == "2026-03-01T12:35:15.123Z"
    assert (told_now["metadata"], told_now["enabled"]) == (None, False)
    assert (await use(service, key["key"])).json()["code"] == "KEY_DISABLED"
    gone = await post(service, "api-key/delete", cookie, {"keyId": key["id"]})
    assert told(gone) == (200, {"success": True})
    assert (await use(service, key["key"])).json()["code"] == "INVALID_API_KEY"


async def test_keys_are_listed_sorted_and_by_pages(service: Service) -> None:
    cookie = await new_reader(service)
    for name in ("b", "c", "a"):
        await new_key(service, cookie, name=name)
        service.clock.advance(seconds=1)

    async def names(query: str) -> tuple[list[str], int]:
        reply = (await get(service, f"api-key/list{query}", cookie)).json()
        return [key["name"] for key in reply["apiKeys"]], reply["total"]

    assert await names("") == (["b", "c", "a"], 3)
    assert await names("?sortBy=name&sortDirection=desc") == (["c", "b", "a"], 3)
    assert await names("?sortBy=name&limit=1&offset=1") == (["b"], 3)
    assert await names("?offset=5") == ([], 3)
    assert await names("?configId=other") == ([], 0)


async def test_no_column_but_those_told_can_be_sorted_by(service: Service) -> None:
    reply = await get(service, "api-key/list?sortBy=key", await new_reader(service))
    assert reply.status_code == 400


async def test_metadata_of_older_versions_is_read(service: Service) -> None:
    cookie = await new_reader(service)
    key = await new_key(service, cookie)
    await service.write(
        "UPDATE apikey SET metadata = :metadata, permissions = 'broken' WHERE id = :id",
        metadata=json.dumps('{"a":1}'),
        id=key["id"],
    )
    said = (await get(service, f"api-key/get?id={key['id']}", cookie)).json()
    assert (said["metadata"], said["permissions"]) == ({"a": 1}, None)


async def test_expired_keys_are_swept_away(service: Service) -> None:
    cookie = await new_reader(service)
    key = await new_key(service, cookie, expiresIn=86400)
    service.clock.advance(days=2)
    await get(service, "api-key/list", cookie)
    assert await service.rows("SELECT 1 FROM apikey WHERE id = :id", id=key["id"]) == []


async def test_how_often_new_keys_may_be_used_is_a_setting(database_url: str) -> None:
    for limit, told_limit in (("2", (True, 2, 60000)), ("0", (False, 0, 60000))):
        settings = make_settings(
            database_url, API_KEY_RATE_LIMIT_MAX=limit, API_KEY_RATE_LIMIT_WINDOW="60"
        )
        async with serving(settings) as site:
            key = await new_key(site, await new_reader(site, f"limit{limit}@example.com"))
            names = ("rateLimitEnabled", "rateLimitMax", "rateLimitTimeWindow")
            assert tuple(key[name] for name in names) == told_limit
            statuses = [(await use(site, key["key"])).status_code for _ in range(12)]
            await site.write('DELETE FROM "user"')
        assert statuses.count(200) == (int(limit) or 12)


@pytest.mark.parametrize(
    ("path", "members", "code"),
    [
        ("create", {"name": "x" * 33}, "INVALID_NAME_LENGTH"),
        ("create", {"prefix": "x" * 33}, "INVALID_PREFIX_LENGTH"),
        ("create", {"prefix": "a b"}, "VALIDATION_ERROR"),
        ("create", {"expiresIn": 86399}, "EXPIRES_IN_IS_TOO_SMALL"),
        ("create", {"expiresIn": 10**400}, "EXPIRES_IN_IS_TOO_LARGE"),
        ("create", {"metadata": "text"}, "INVALID_METADATA_TYPE"),
        ("update", {"name": ""}, "INVALID_NAME_LENGTH"),
        ("update", {"expiresIn": 366 * 86400}, "EXPIRES_IN_IS_TOO_LARGE"),
        ("update", {"metadata": False}, "INVALID_METADATA_TYPE"),
        ("update", {}, "NO_VALUES_TO_UPDATE"),
        ("update", {"userId": "somebody"}, "UNAUTHORIZED_SESSION"),
        ("create", {"userId": None}, "UNAUTHORIZED_SESSION"),
        ("create", {"permissions": {"a": "b"}}, "VALIDATION_ERROR"),
        ("create", {"refillAmount": 0}, "VALIDATION_ERROR"),
        ("create", {"refillInterval": None}, "VALIDATION_ERROR"),
        ("create", {"permissions": None}, "VALIDATION_ERROR"),
    ],
)
async def test_what_is_out_of_bounds_is_named(
    service: Service, path: str, members: dict[str, Any], code: str
) -> None:
    cookie = await new_reader(service)
    key = await new_key(service, cookie)
    reply = await post(service, f"api-key/{path}", cookie, {"keyId": key["id"], **members})
    assert reply.json()["code"] == code


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=-1", "[query.limit] Too small: expected number to be >=0"),
        ("limit=x", "[query.limit] Invalid input: expected number, received NaN"),
        ("limit=1.5", "[query.limit] Invalid input: expected int, received number"),
        ("limit=1e99", "[query.limit] Too big: expected int to be <=9007199254740991"),
        ("offset=1&offset=2", "[query.offset] Invalid input: expected number, received NaN"),
        ("sortDirection=up", '[query.sortDirection] Invalid option: expected one of "asc"|"desc"'),
        ("sortBy=name&sortBy=id", "[query.sortBy] Invalid input: expected string, received array"),
    ],
)
async def test_a_list_that_cannot_be_is_refused_in_zods_words(
    service: Service, query: str, said: str
) -> None:
    reply = await get(service, f"api-key/list?{query}", await new_reader(service))
    assert told(reply) == (400, {"message": said, "code": "VALIDATION_ERROR"})


@pytest.mark.parametrize(("limit", "number"), [("", 0), ("0x1", 1), ("1e0", 1), (" 1 ", 1)])
async def test_numbers_of_a_query_are_read_as_javascript_does(
    service: Service, limit: str, number: int
) -> None:
    cookie = await new_reader(service)
    for _ in range(2):
        await new_key(service, cookie)
    reply = await get(service, f"api-key/list?limit={limit}", cookie)
    assert (len(reply.json()["apiKeys"]), reply.json()["limit"]) == (number, number)


@pytest.mark.parametrize("path", ["verify", "delete-all-expired-api-keys"])
async def test_what_better_auth_does_by_server_functions_is_no_route(
    service: Service, path: str
) -> None:
    reply = await post(service, f"api-key/{path}", await new_reader(service), {})
    assert (reply.status_code, reply.content) == (404, b"")


async def test_what_is_done_to_a_key_is_written_down(service: Service) -> None:
    cookie = await new_reader(service)
    key = await new_key(service, cookie, name="of mina@example.com")
    await post(service, "api-key/update", cookie, {"keyId": key["id"], "enabled": False})
    body = {"keyId": key["id"], "name": "other", "expiresIn": 86400}
    await post(service, "api-key/update", cookie, body)
    omar = await new_reader(service, "omar@example.com")
    await post(service, "api-key/delete", omar, {"keyId": key["id"]})
    await post(service, "api-key/delete", cookie, {"keyId": key["id"]})
    owner, named = key["referenceId"], {"key": key["id"]}
    rows = await service.rows(
        "SELECT event, actor_id, ip_address, detail FROM audit_event "
        "WHERE user_id = :id AND event LIKE 'api_key%' ORDER BY id",
        id=owner,
    )
    assert rows == [
        ("api_key_created", owner, "203.0.113.7", named),
        ("api_key_changed", owner, "203.0.113.7", {**named, "changed": "enabled", "enabled": 0}),
        ("api_key_changed", owner, "203.0.113.7", {**named, "changed": "expires_at,name"}),
        ("api_key_deleted", owner, "203.0.113.7", named),
    ]


async def test_a_key_draws_no_refresh_token(service: Service) -> None:
    key = await new_key(service, await new_reader(service))
    reply = await use(service, key["key"], "jwt?grant=refresh")
    assert reply.status_code == 401
    assert await service.rows("SELECT count(*) FROM refresh_token") == [(0,)]


async def test_a_key_does_not_what_is_for_a_persons_own_session(service: Service) -> None:
    cookie = await new_reader(service)
    key = await new_key(service, cookie)
    await set_columns(service, key, '"rateLimitEnabled" = false')
    headers = {"x-api-key": key["key"]}
    for path, body in {
        "change-password": {"currentPassword": PASSWORD, "newPassword": "another battery"},
        "link-social": {"provider": "github"},
        "revoke-sessions": {},
        "delete-user": {"password": PASSWORD},
    }.items():
        reply = await service.client.post(f"/api/auth/{path}", json=body, headers=headers)
        assert reply.status_code in {400, 401, 404}, path
    assert (await service.get_session(cookie)).json() is not None
