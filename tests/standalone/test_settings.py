import pytest
from pydantic import ValidationError

from standalone.settings import Settings


def test_two_services_on_one_port_are_refused() -> None:
    with pytest.raises(ValidationError, match="both 8000; give each service its own"):
        Settings(AUTH_SERVER_PORT=8000)
