"""Every kind of bad input and its documented answer."""

import json

import httpx
import pytest

from tests.auth_service.service import PASSWORD, Service

SIGN_UP = "/api/auth/sign-up/email"
SIGN_IN = "/api/auth/sign-in/email"
JSON = {"content-type": "application/json"}
NO_JSON = {"message": "Invalid JSON in request body", "code": "BAD_REQUEST"}
GOOD = {"name": "Mina", "email": "mina@example.com", "password": PASSWORD}


async def send(service: Service, path: str, content: bytes | str) -> httpx.Response:
    return await service.client.post(path, content=content, headers=JSON)


@pytest.mark.parametrize("path", [SIGN_UP, SIGN_IN, "/api/auth/sign-out", "/api/auth/sign-in"])
@pytest.mark.parametrize(
    "content",
    [
        b'{"name"',
        b"{'name': 'Mina'}",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b'{"name": "\xff\xfe"}',
        b'{"name": "\x01"}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b"[" * 5000 + b"]" * 5000,
        b"\xff\xfe{\0}\0",
        b"\0",
        b" ",
    ],
    ids=[
        "cut off",
        "single quotes",
        "NaN",
        "lone surrogate",
        "invalid UTF-8",
        "bare control character",
        "number of 5000 digits",
        "5000 levels deep",
        "UTF-16",
        "NUL",
        "blank",
    ],
)
async def test_malformed_json_is_refused(service: Service, path: str, content: bytes) -> None:
    reply = await send(service, path, content)
    assert (reply.status_code, reply.json()) == (400, NO_JSON)


async def test_missing_members_are_named(service: Service) -> None:
    reply = await send(service, SIGN_UP, "{}")
    assert reply.status_code == 400
    assert reply.json() == {
        "message": "[body.name] Invalid input: expected string, received undefined; "
        "[body.email] Invalid input: expected string, received undefined; "
        "[body.password] Invalid input: expected string, received undefined",
        "code": "VALIDATION_ERROR",
    }


async def test_members_of_wrong_types_are_named(service: Service) -> None:
    wrong: dict[str, object] = {
        "name": 1,
        "email": None,
        "password": True,
        "image": [],
        "callbackURL": None,
        "rememberMe": "yes",
        "interestArea": {},
    }
    reply = await send(service, SIGN_UP, json.dumps(wrong))
    assert reply.json()["message"].split("; ") == [
        "[body.name] Invalid input: expected string, received number",
        "[body.email] Invalid input: expected string, received null",
        "[body.password] Invalid input: expected string, received boolean",
        "[body.image] Invalid input: expected string, received array",
        "[body.callbackURL] Invalid input: expected string, received null",
        "[body.rememberMe] Invalid input: expected boolean, received string",
        "[body.interestArea] Invalid input: expected string, received object",
    ]


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ("[]", "array"),
        ("null", "null"),
        ('"text"', "string"),
        ("3", "number"),
        ("true", "boolean"),
        ("", "undefined"),
    ],
)
async def test_a_body_that_is_no_object_is_named(
    service: Service, content: str, received: str
) -> None:
    told = f"[body] Invalid input: expected object, received {received}"
    reply = await send(service, SIGN_IN, content)
    assert (reply.status_code, reply.json()["message"]) == (400, told)
    reply = await send(service, SIGN_UP, content)
    assert reply.json()["message"] == f"{told}; {told.replace('object', 'record')}"


async def test_a_password_must_not_be_empty(service: Service) -> None:
    reply = await send(service, SIGN_UP, json.dumps({**GOOD, "password": ""}))
    assert reply.json()["message"] == (
        "[body.password] Too small: expected string to have >=1 characters"
    )


@pytest.mark.parametrize(
    "email",
    [
        "",
        "mina",
        "mina@example",
        "m na@example.com",
        ".m@example.com",
        "m..m@example.com",
        "m@-example.com",
        "é@example.com",
        "mina@example.com\n",
        "m" * 254 + "@example.com",
    ],
)
async def test_an_address_that_is_none_is_refused(service: Service, email: str) -> None:
    reply = await send(service, SIGN_UP, json.dumps({**GOOD, "email": email}))
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": "[body.email] Invalid email address", "code": "VALIDATION_ERROR"},
    )


@pytest.mark.parametrize("path", [SIGN_UP, SIGN_IN, "/api/auth/sign-out", "/api/auth/sign-up"])
@pytest.mark.parametrize("size", ["announced", "streamed"])
async def test_a_body_of_a_megabyte_is_refused(service: Service, path: str, size: str) -> None:
    body = json.dumps({**GOOD, "name": "x" * 1024 * 1024}).encode()

    async def pieces() -> object:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    content = body if size == "announced" else pieces()
    reply = await service.client.post(path, content=content, headers=JSON)  # type: ignore[arg-type] # an async generator is content
    assert reply.status_code == 413
    assert reply.json()["code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize("member", ["name", "password", "image", "interestArea", "callbackURL"])
async def test_nul_characters_are_refused(service: Service, member: str) -> None:
    reply = await send(service, SIGN_UP, json.dumps({**GOOD, member: "/with\0nul-character"}))
    assert reply.status_code in {400, 403}
    assert reply.json()["code"] in {"VALIDATION_ERROR", "INVALID_CALLBACK_URL"}


async def test_nul_characters_in_credentials_are_refused(service: Service) -> None:
    await service.sign_up()
    reply = await service.sign_in(password="with\0nul")
    assert (reply.status_code, reply.json()["code"]) == (401, "INVALID_EMAIL_OR_PASSWORD")
    reply = await service.sign_in("mina\0@example.com")
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_EMAIL")


async def test_other_control_characters_are_kept(service: Service) -> None:
    reply = await service.sign_up(name="Mi\x01\x1f\x7fna")
    assert reply.json()["user"]["name"] == "Mi\x01\x1f\x7fna"


async def test_a_text_of_ten_thousand_characters_is_kept(service: Service) -> None:
    long = "日" * 10_000
    reply = await service.sign_up(name=long, interestArea=long)
    assert reply.json()["user"]["name"] == reply.json()["user"]["interestArea"] == long


async def test_unknown_members_are_ignored(service: Service) -> None:
    reply = await service.sign_up(unknown={"deep": [1, 2, 3]}, __proto__={"x": 1})
    assert reply.status_code == 200


async def test_members_are_known_by_their_name_on_the_wire_alone(service: Service) -> None:
    reply = await service.sign_up(software_background="Python", remember_me=False)
    assert reply.json()["user"]["softwareBackground"] is None
    assert "; Max-Age=604800;" in reply.headers["set-cookie"]


async def test_of_a_member_given_twice_the_last_counts(service: Service) -> None:
    content = f'{{"name": "A", "name": "B", "email": "m@example.com", "password": "{PASSWORD}"}}'
    reply = await send(service, SIGN_UP, content)
    assert reply.json()["user"]["name"] == "B"


async def test_a_byte_order_mark_is_overlooked(service: Service) -> None:
    reply = await send(service, SIGN_UP, b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", SIGN_UP),
        ("PUT", SIGN_IN),
        ("GET", "/api/auth/sign-out"),
        ("DELETE", "/api/auth/get-session"),
        ("HEAD", "/api/auth/get-session"),
        ("OPTIONS", "/api/auth/get-session"),
        ("POST", "/api/auth/jwt"),
        ("HEAD", "/api/auth/ok"),
        ("POST", "/health"),
    ],
)
async def test_a_wrong_method_is_an_empty_404(service: Service, method: str, path: str) -> None:
    await expect_nothing(service, method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/unknown",
        "/api/auth",
        "/api/auth/",
        "/api/auth/unknown",
        "/api/auth/ok/",
        "/api/auth//ok",
        "//api/auth/ok",
        "/api/auth/OK",
        "/health/",
        "/docs",
    ],
)
async def test_an_unknown_path_is_an_empty_404(service: Service, path: str) -> None:
    await expect_nothing(service, "GET", path)


async def expect_nothing(service: Service, method: str, path: str) -> None:
    url = httpx.URL("http://localhost:3001").copy_with(raw_path=path.encode())
    reply = await service.client.request(method, url)
    assert (reply.status_code, reply.content) == (404, b"")
    assert "content-type" not in reply.headers


async def test_a_body_of_another_type_is_refused(service: Service) -> None:
    for content_type in ("text/plain", "application/json-patch+json", "multipart/form-data; b=x"):
        reply = await service.client.post(
            SIGN_IN, content=b"{}", headers={"content-type": content_type}
        )
        assert reply.status_code == 415
        assert reply.json() == {
            "message": f'Content-Type "{content_type}" is not allowed. Allowed types: '
            "application/x-www-form-urlencoded, application/json",
            "code": "UNSUPPORTED_MEDIA_TYPE",
        }


async def test_a_body_without_type_is_refused(service: Service) -> None:
    reply = await service.client.post("/api/auth/sign-out", content=b"{}")
    assert (reply.status_code, reply.json()["message"]) == (
        415,
        "Content-Type is required. Allowed types: application/json",
    )


async def test_parameters_and_case_of_the_type_do_not_matter(service: Service) -> None:
    reply = await service.client.post(
        SIGN_UP, content=json.dumps(GOOD), headers={"content-type": "Application/JSON; charset=x"}
    )
    assert reply.status_code == 200


async def test_a_form_that_cannot_be_decoded_is_refused(service: Service) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    for content in (b"name=%ff", b"name=\xff"):
        reply = await service.client.post(SIGN_UP, content=content, headers=form)
        assert (reply.status_code, reply.json()) == (400, NO_JSON)


async def test_an_invalid_body_is_named_before_a_foreign_page_but_after_foreign_cookies(
    service: Service,
) -> None:
    foreign = {"origin": "https://evil.example"}
    reply = await service.client.post(SIGN_IN, json={}, headers=foreign)
    assert (reply.status_code, reply.json()["code"]) == (400, "VALIDATION_ERROR")
    reply = await service.client.post(SIGN_IN, json={}, headers={**foreign, "cookie": "a=b"})
    assert (reply.status_code, reply.json()["code"]) == (403, "INVALID_ORIGIN")


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("callbackURL", "callbackURL"),
        ("redirectTo", "redirectURL"),
        ("errorCallbackURL", "errorCallbackURL"),
        ("newUserCallbackURL", "newUserCallbackURL"),
    ],
)
@pytest.mark.parametrize("value", [[], {}, ["/here"], 5, True])
async def test_a_redirect_that_is_no_text_is_refused_before_the_rest_is_looked_at(
    service: Service, member: str, name: str, value: object
) -> None:
    reply = await send(service, SIGN_IN, json.dumps({member: value}))
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": f"Invalid {name}: expected a string"},
    )


async def test_a_query_with_two_callbacks_has_none_that_is_a_text(service: Service) -> None:
    path = f"{SIGN_IN}?callbackURL=/here&callbackURL=//evil.example"
    reply = await send(service, path, json.dumps(GOOD))
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": "Invalid callbackURL: expected a string"},
    )
