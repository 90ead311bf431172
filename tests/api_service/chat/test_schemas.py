"""What is asked, in each form it may come in, becomes the same question."""

from datetime import UTC, datetime

import pytest

from api_service.chat.completions_schemas import CompletionRequest
from api_service.chat.question import Question, Reader, Turn
from api_service.chat.schemas import HISTORY_TURNS, link, reader, turns
from api_service.chat.schemas import Turn as SentTurn
from api_service.chat.ui_schemas import UIRequest
from api_service.identity.caller import Caller
from api_service.problems import InvalidInput
from tests.api_service.book import IMU, make_chunk

READER = Reader("Python", "Arduino", "walking robots")
HISTORY = (Turn("user", "What is a gait?"), Turn("assistant", "A gait is an order [1]."))


def part(text: str, kind: str = "text") -> dict[str, str]:
    return {"type": kind, "text": text}


def test_a_conversation_in_openais_form_is_a_question_with_history() -> None:
    request = CompletionRequest.model_validate(
        {
            "model": "any",
            "messages": [
                {"role": "system", "content": "Be a pirate."},
                {"role": "user", "content": [part("What is "), part("a gait?")]},
                {"role": "assistant", "content": "A gait is an order [1]."},
                {"role": "tool", "content": "42", "tool_call_id": "1"},
                {"role": "assistant", "content": None},
                {"role": "user", "content": " And a trot?\n"},
            ],
        }
    )

    assert request.asked(READER) == Question("And a trot?", history=HISTORY, reader=READER)
    assert not request.with_usage


def test_a_conversation_of_the_ai_sdk_is_a_question_with_history() -> None:
    request = UIRequest.model_validate(
        {
            "id": "chat-1",
            "trigger": "submit-message",
            "messageId": None,
            "selected_text": "two beats",
            "page_url": "/docs/walking",
            "messages": [
                {"id": "1", "role": "user", "parts": [part("What is a gait?")]},
                {
                    "id": "2",
                    "role": "assistant",
                    "metadata": {"mode": "generated"},
                    "parts": [
                        {"type": "step-start"},
                        part("thinking", "reasoning"),
                        part("A gait is an order [1]."),
                        {"type": "source-url", "sourceId": "1", "url": "/docs/walking"},
                    ],
                },
                {"id": "3", "role": "user", "parts": [part("And a trot?")]},
            ],
        }
    )

    assert request.asked(READER) == Question(
        "And a trot?",
        history=HISTORY,
        selected_text="two beats",
        page_url="/docs/walking",
        reader=READER,
    )


@pytest.mark.parametrize("role", ["assistant", "system"])
def test_the_last_message_is_the_users(role: str) -> None:
    ui = {"messages": [{"role": role, "parts": [part("gait")]}]}
    completion = {"messages": [{"role": role, "content": "gait"}]}

    with pytest.raises(InvalidInput):
        UIRequest.model_validate(ui).asked(READER)
    with pytest.raises(InvalidInput):
        CompletionRequest.model_validate(completion).asked(READER)


def test_of_a_long_conversation_the_last_turns_are_kept() -> None:
    said = [{"role": "user", "content": f"{n}"} for n in range(HISTORY_TURNS * 2)]
    asked = CompletionRequest.model_validate({"messages": said}).asked(READER)

    assert asked.message == f"{HISTORY_TURNS * 2 - 1}"
    assert [turn.text for turn in asked.history] == [
        f"{n}" for n in range(HISTORY_TURNS - 1, HISTORY_TURNS * 2 - 1)
    ]


def test_turns_without_a_word_are_left_out() -> None:
    sent = [
        SentTurn(role="user", content="What is a gait?"),
        SentTurn(role="assistant", content=""),
    ]

    assert turns(sent) == HISTORY[:1]


def test_a_reader_is_what_the_token_tells_of_them() -> None:
    now = datetime.now(UTC)
    caller = Caller(
        user_id="user-1",
        session_id="session-1",
        email="reader@book.test",
        name="Ada",
        software_background="Python",
        hardware_background="Arduino",
        interest_area="walking robots",
        issued_at=now,
        expires_at=now,
    )

    assert reader(caller) == READER


def test_a_link_opens_the_very_heading() -> None:
    opening = make_chunk("The opening.", heading="")

    assert link(IMU) == "http://localhost:3000/docs/sensors#inertial-measurement-units"
    assert link(opening) == "http://localhost:3000/docs/sensors"
