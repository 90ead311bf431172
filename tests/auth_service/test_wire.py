from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.accounts.schemas import SignUpBody
from auth_service.errors import Refused
from auth_service.sessions.schemas import UserBody
from auth_service.wire import FORM, JSON, Absent, is_email, read_body, validate

USER = {
    "id": "x",
    "name": "Mina",
    "email": "m@example.com",
    "email_verified": True,
    "image": None,
    "software_background": None,
    "hardware_background": None,
    "interest_area": None,
}


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 3, 1, 12, 0, tzinfo=UTC), "2026-03-01T12:00:00.000Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 999999, tzinfo=UTC), "2026-03-01T12:00:00.999Z"),
        (
            datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))),
            "2026-02-28T23:00:00.000Z",
        ),
    ],
)
def test_dates_are_said_in_utc_with_three_decimals(moment: datetime, said: str) -> None:
    body = UserBody.model_validate({**USER, "created_at": moment, "updated_at": moment})
    assert f'"createdAt":"{said}"' in body.model_dump_json(by_alias=True)


@pytest.mark.parametrize("email", ["a@b.co", "a+b@x.com", "a'b@x.com", "A_B-c@x-y.co.uk", "_@x.io"])
def test_what_better_auth_takes_for_an_address_is_one(email: str) -> None:
    assert is_email(email)


@pytest.mark.parametrize(
    "email",
    ["a@b", "a@b.c", "a.@x.com", '"a"@x.com', "a@1.2.3.4", "a@x_y.com", "a@b..com", "a!@x.io"],
)
def test_what_better_auth_takes_for_none_is_none(email: str) -> None:
    assert not is_email(email)


def test_a_request_without_body_needs_no_type() -> None:
    assert read_body("", b"", (JSON,)) is Absent.BODY
    assert read_body("text/plain", b"", (JSON,)) is Absent.BODY


def test_a_form_is_read_as_text_and_the_last_of_a_name_counts() -> None:
    assert read_body(FORM, b"a=1&b=x+y%21&a=2&c=", (FORM,)) == {"a": "2", "b": "x y!", "c": ""}


def refusal_of(read: Callable[[], object]) -> Refused | None:
    try:
        validate(SignUpBody, read())
    except Refused as refusal:
        return refusal
    return None


@given(st.binary(max_size=200), st.sampled_from([JSON, FORM]))
def test_any_body_is_read_or_refused(content: bytes, media_type: str) -> None:
    refusal = refusal_of(lambda: read_body(media_type, content, (FORM, JSON)))
    assert refusal is None or refusal.code.status == 400


@given(
    st.dictionaries(
        st.sampled_from(["name", "email", "password", "rememberMe", "image", "interestArea"]),
        st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.none()),
    )
)
def test_any_members_are_taken_or_named(members: dict[str, object]) -> None:
    refusal = refusal_of(lambda: members)
    assert refusal is None or refusal.message.startswith("[body.")
