import pytest
from pydantic import ValidationError

from service_kit.exposure_settings import ExposureSettings


@pytest.mark.parametrize(
    "hosts",
    [
        ("auth.book.example",),
        ("book.example", "*.book.example"),
        ("localhost", "10.0.0.7", "[::1]", "auth_service"),
    ],
)
def test_names_and_what_lies_below_them_are_hosts(hosts: tuple[str, ...]) -> None:
    assert ExposureSettings(ALLOWED_HOSTS=",".join(hosts)).allowed_hosts == hosts


@pytest.mark.parametrize(
    "host", ["https://book.example", "book.example:443", "*", "a*.example", "book.example/x", "::1"]
)
def test_what_is_no_name_of_a_host_is_refused_with_an_example(host: str) -> None:
    with pytest.raises(ValidationError, match=r"is no host such as auth\.book\.example"):
        ExposureSettings(ALLOWED_HOSTS=host)


def test_the_contract_is_closed_unless_it_is_opened() -> None:
    assert ExposureSettings().openapi is False
    assert ExposureSettings(OPENAPI="on").openapi is True
