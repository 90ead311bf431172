"""Section 7 of the reference: POST /update-user."""

import asyncio

import pytest
from sqlalchemy import text

from tests.auth_service.service import COOKIE, Service, cookie_of, set_cookies
from tests.auth_service.signed_in import CLEARED, UNAUTHORIZED, counted, post, told, waiting

DONE = (200, {"status": True})
NOTHING = (400, {"message": "No fields to update"})


async def user_of(service: Service, cookie: str) -> dict[str, object]:
    user: dict[str, object] = (await service.get_session(cookie)).json()["user"]
    return user


async def test_update_user_changes_the_profile_and_sets_the_cookie_again(service: Service) -> None:
    signed_up = await service.sign_up(softwareBackground="Python")
    cookie = cookie_of(signed_up)
    service.clock.advance(minutes=1)
    changes = {
        "name": "Nina",
        "image": "https://img.example/n.png",
        "hardwareBackground": "日本 😀",
        "interestArea": "",
    }
    reply = await post(service, "update-user", cookie, changes)
    assert told(reply) == DONE
    assert cookie_of(reply) == cookie
    assert "; Max-Age=604800;" in set_cookies(reply)[COOKIE]
    assert reply.headers["set-auth-token"] == signed_up.headers["set-auth-token"]
    assert await user_of(service, cookie) == {
        **signed_up.json()["user"],
        **changes,
        "updatedAt": "2026-03-01T12:31:15.123Z",
    }


async def test_null_clears_a_field_and_what_is_not_sent_stays(service: Service) -> None:
    cookie = cookie_of(await service.sign_up(softwareBackground="Python", interestArea="ROS"))
    reply = await post(service, "update-user", cookie, {"softwareBackground": None, "image": None})
    assert told(reply) == DONE
    user = await user_of(service, cookie)
    assert (user["softwareBackground"], user["interestArea"]) == (None, "ROS")


@pytest.mark.parametrize(
    "body", [{}, {"email": ""}, {"email": None}, {"unknown": 1}, {"software_background": "x"}]
)
async def test_update_user_with_nothing_to_change_is_refused(
    service: Service, body: object
) -> None:
    reply = await post(service, "update-user", cookie_of(await service.sign_up()), body)
    assert told(reply) == NOTHING
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("email", ["other@example.com", 5, True, ["x"], [], {}])
async def test_update_user_changes_no_address(service: Service, email: object) -> None:
    cookie = cookie_of(await service.sign_up())
    reply = await post(service, "update-user", cookie, {"email": email, "name": "Nina"})
    refusal = {"message": "Email can not be updated", "code": "EMAIL_CAN_NOT_BE_UPDATED"}
    assert told(reply) == (400, refusal)
    assert (await user_of(service, cookie))["name"] == "Mina"


@pytest.mark.parametrize(
    ("member", "value", "received"),
    [
        ("name", None, "null"),
        ("name", 5, "number"),
        ("image", ["x"], "array"),
        ("interestArea", {"a": 1}, "object"),
        ("hardwareBackground", True, "boolean"),
    ],
)
async def test_a_member_of_the_wrong_type_is_named(
    service: Service, member: str, value: object, received: str
) -> None:
    reply = await post(service, "update-user", cookie_of(await service.sign_up()), {member: value})
    message = f"[body.{member}] Invalid input: expected string, received {received}"
    assert told(reply) == (400, {"message": message, "code": "VALIDATION_ERROR"})


async def test_nul_characters_are_refused(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    reply = await post(service, "update-user", cookie, {"name": "a\0b"})
    assert (reply.status_code, reply.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_update_user_keeps_a_session_unremembered(service: Service) -> None:
    signed_up = await service.sign_up(rememberMe=False)
    mark = "better-auth.dont_remember"
    cookies = f"{cookie_of(signed_up)}; {cookie_of(signed_up, mark)}"
    reply = await post(service, "update-user", cookies, {"name": "Nina"})
    lines = set_cookies(reply)
    assert set(lines) == {COOKIE, mark}
    assert not any("Max-Age" in line for line in lines.values())


async def test_update_user_changes_nobody_else(service: Service) -> None:
    omar = await service.sign_up("omar@example.com")
    cookie = cookie_of(await service.sign_up())
    body = {"name": "Nina", "id": omar.json()["user"]["id"], "email": ""}
    assert told(await post(service, "update-user", cookie, body)) == DONE
    assert await user_of(service, cookie_of(omar)) == omar.json()["user"]


async def test_update_user_costs_two_statements(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    with counted(service) as statements:
        await post(service, "update-user", cookie, {"name": "Nina"})
    assert len(statements) == 2


async def test_update_user_of_a_user_deleted_meanwhile_is_unauthorized(service: Service) -> None:
    cookie = cookie_of(await service.sign_up())
    async with service.resources.sessionmaker() as db:
        await db.execute(text('DELETE FROM "user"'))
        updating = asyncio.create_task(post(service, "update-user", cookie, {"name": "Nina"}))
        await waiting(service, 1)
        await db.commit()
    assert told(await updating) == UNAUTHORIZED
    assert set_cookies(await updating) == CLEARED
