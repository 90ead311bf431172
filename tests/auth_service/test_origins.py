import pytest

from auth_service.errors import Refused
from auth_service.origins import allows_redirect, check_caller, check_login, check_redirects
from service_kit.origins import TrustedOrigins

BOOK = TrustedOrigins(("http://localhost:3001", "https://book.example"))


@pytest.mark.parametrize(
    "path",
    ["/", "/a b", "/a?x=%2f", "/a#b%2f", "/a:b,c[d]", "/über", "/a%20b", "/a//b", "/a/./b/../c"],
)
def test_a_path_of_ours_may_be_redirected_to(path: str) -> None:
    assert allows_redirect(path, BOOK)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "/a%2fb",
        "/a%5Cb",
        "/a\tb",
        "/a\x80b",
        "/.//evil.example",
        "/..//evil.example",
        "/a/..//evil.example",
        "/%2e//evil.example",
        "/%2E%2E//evil.example",
        "a",
        " /a",
        "https://evil.example",
        "javascript:alert(1)",
    ],
)
def test_another_place_may_not_be_redirected_to(path: str) -> None:
    assert not allows_redirect(path, BOOK)


def code_of(check: object, headers: dict[str, str]) -> str | None:
    try:
        check(headers, "http", BOOK)  # type: ignore[operator] # one of the two checks
    except Refused as refusal:
        return refusal.code.name
    return None


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, None),
        ({"origin": "https://evil.example"}, None),  # without cookies nothing can be abused
        ({"cookie": ""}, "MISSING_OR_NULL_ORIGIN"),
        ({"cookie": "a=b", "origin": "null"}, "MISSING_OR_NULL_ORIGIN"),
        ({"cookie": "a=b", "origin": "https://evil.example"}, "INVALID_ORIGIN"),
        ({"cookie": "a=b", "origin": "https://book.example"}, None),
        ({"cookie": "a=b", "referer": "https://book.example/page?x"}, None),
        ({"cookie": "a=b", "referer": "https://evil.example/page"}, "INVALID_ORIGIN"),
        (
            {
                "cookie": "a=b",
                "origin": "null",
                "sec-fetch-site": "same-origin",
                "host": "localhost:3001",
            },
            None,
        ),
        (
            {
                "cookie": "a=b",
                "origin": "null",
                "sec-fetch-site": "same-origin",
                "host": "evil.example",
            },
            "INVALID_ORIGIN",
        ),
        (
            {
                "cookie": "a=b",
                "origin": "null",
                "sec-fetch-site": "same-site",
                "host": "localhost:3001",
            },
            "MISSING_OR_NULL_ORIGIN",
        ),
    ],
)
def test_cookies_come_from_trusted_pages_alone(headers: dict[str, str], code: str | None) -> None:
    assert code_of(check_caller, headers) == code


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, None),  # curl
        ({"cookie": "a=b", "origin": "https://evil.example"}, None),  # check_caller's to refuse
        (
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
            "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
        ),
        ({"sec-fetch-mode": "cors"}, "MISSING_OR_NULL_ORIGIN"),
        ({"sec-fetch-dest": "empty"}, "MISSING_OR_NULL_ORIGIN"),
        ({"origin": "null"}, "MISSING_OR_NULL_ORIGIN"),
        ({"origin": "https://evil.example"}, "INVALID_ORIGIN"),
        ({"referer": "https://evil.example/"}, "INVALID_ORIGIN"),
        ({"origin": "https://book.example", "sec-fetch-mode": "cors"}, None),
        ({"referer": "https://book.example/"}, None),
    ],
)
def test_no_foreign_page_signs_its_visitor_in(headers: dict[str, str], code: str | None) -> None:
    assert code_of(check_login, headers) == code


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ("callbackURL", "INVALID_CALLBACK_URL"),
        ("redirectTo", "INVALID_REDIRECT_URL"),
        ("errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"),
        ("newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"),
    ],
)
def test_a_foreign_redirect_is_refused_by_its_name(member: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_redirects({member: "https://evil.example"}, {}, BOOK)
    assert refusal.value.code.name == code
    check_redirects({member: "/here"}, {}, BOOK)
    check_redirects({member: None}, {}, BOOK)


def test_of_a_query_only_the_callback_counts_and_the_body_goes_before_it() -> None:
    evil = {"callbackURL": "https://evil.example", "redirectTo": "https://evil.example"}
    with pytest.raises(Refused):
        check_redirects({}, evil, BOOK)
    check_redirects({"callbackURL": "/here"}, evil, BOOK)
