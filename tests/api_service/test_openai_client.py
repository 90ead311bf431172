from pathlib import Path

import openai
import pytest

from api_service.openai_client import REASONS, open_client, translated
from api_service.problems import ModelUnavailable
from service_kit.settings import BadSettings
from tests.api_service.service import make_settings

VENDOR_ERRORS = [
    value
    for name, value in list(vars(openai).items())
    if isinstance(value, type) and issubclass(value, Exception) and not name.startswith("_")
]


@pytest.mark.parametrize("error", VENDOR_ERRORS)
def test_every_exception_of_the_vendor_has_a_reason(error: type[Exception]) -> None:
    assert error in REASONS


@pytest.mark.parametrize("error", [openai.OpenAIError, ValueError, KeyError, TypeError])
def test_what_the_vendor_raises_becomes_ours(error: type[Exception]) -> None:
    with pytest.raises(ModelUnavailable) as caught, translated("openai:model"):
        raise error("vendor-internal-words")

    assert isinstance(caught.value.__cause__, error)
    assert "vendor" not in caught.value.detail


def test_without_a_key_there_is_no_client() -> None:
    with pytest.raises(BadSettings, match="OPENAI_API_KEY"):
        open_client(make_settings(Path()))
