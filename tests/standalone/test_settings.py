import pytest
from pydantic import ValidationError

from standalone.settings import Settings


def test_two_services_on_one_port_are_refused() -> None:
    with pytest.raises(ValidationError, match="both 8000; give each service its own"):
        Settings(AUTH_SERVER_PORT=8000)


def test_secrets_that_are_set_are_told_as_their_variables_have_them() -> None:
    one, two = "0f2c9b7a4d8e1635a7c04b9e2d61f38c", "9d31e7c2b6a84f05e1d7a3c96b20f48e"
    given = {"BETTER_AUTH_SECRET": one, "JWT_SECRETS": f"2:{two},1:{one}"}
    assert Settings.model_validate(given).secrets_given == given
    assert Settings().secrets_given == {}
