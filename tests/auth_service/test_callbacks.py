import pytest

from auth_service.callbacks import with_error, with_parameter
from auth_service.errors import Refused

BASE = "http://localhost:3001"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/a", "/a?error=X"),
        ("/a b", "/a%20b?error=X"),
        ("/a?q=1", "/a?q=1&error=X"),
        ("/a?q=1&", "/a?q=1&error=X"),
        ("/a?", "/a?error=X"),
        ("/a?q=a+b%20c~*#f?g", "/a?q=a+b%20c~*&error=X#f?g"),
        ("/a#f", "/a?error=X#f"),
        ("/ü?ü#ü", "/%C3%BC?%C3%BC&error=X#%C3%BC"),
        ("/a/../b", "/b?error=X"),
        ("http://host", "http://host/?error=X"),
        ("HTTP://HOST:80/a", "http://host/a?error=X"),
        ("myapp://cb", "myapp://cb?error=X"),
        ("myapp://cb/a?b#c", "myapp://cb/a?b&error=X#c"),
    ],
)
def test_section_3_adding_parameters(url: str, expected: str) -> None:
    assert with_error(url, "X") == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/a", f"{BASE}/a?token=T"),
        ("/reset?x=a b~*&y&token=1&token=2#f", f"{BASE}/reset?x=a+b%7E*&y=&token=T#f"),
        ("http://localhost:3000", "http://localhost:3000/?token=T"),
        ("myapp://cb", "myapp://cb?token=T"),
    ],
)
def test_section_9_a_reset_link_leads_to_an_absolute_address(url: str, expected: str) -> None:
    assert with_parameter(url, BASE, "token", "T") == expected


def test_what_the_url_standard_cannot_read_is_refused() -> None:
    with pytest.raises(Refused):
        with_error("http://a b/", "X")
    with pytest.raises(Refused):
        with_parameter("http://[::1", BASE, "token", "T")
