import json

import pytest

from auth_service.error_codes import Code
from auth_service.errors import Busy, DatabaseUnavailable, InvalidRedirect, Refused, render


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
def test_every_code_is_said_with_its_status_and_sentence(code: Code) -> None:
    reply = render(Refused(code))
    assert reply.status_code == code.status
    assert json.loads(bytes(reply.body)) == {"message": code.message, "code": code.name}


def test_a_refusal_made_from_a_plain_message_has_no_code() -> None:
    assert json.loads(bytes(render(InvalidRedirect("callbackURL")).body)) == {
        "message": "Invalid callbackURL: expected a string"
    }


@pytest.mark.parametrize(("refusal", "seconds"), [(DatabaseUnavailable(), "5"), (Busy(), "2")])
def test_what_is_away_says_when_to_come_back(refusal: Refused, seconds: str) -> None:
    reply = render(refusal)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, seconds)
