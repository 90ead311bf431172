from typing import Any

import pytest

from api_service.llms import Usage
from api_service.llms.chat_chunks import ChatChunk, read_chunk


def choice(**members: object) -> dict[str, object]:
    return {"choices": [{"index": 0, **members}]}


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (choice(delta={"content": "One"}, finish_reason=None), ChatChunk("One", None, None)),
        (choice(delta={"role": "assistant", "content": ""}), ChatChunk("", None, None)),
        (choice(delta={"content": None}, finish_reason=""), ChatChunk("", None, None)),
        (choice(delta={}, finish_reason="stop"), ChatChunk("", "stop", None)),
        (choice(finish_reason="length"), ChatChunk("", "length", None)),
        (
            {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}},
            ChatChunk("", None, Usage(7, 2)),
        ),
        ({"usage": {"prompt_tokens": 7, "completion_tokens": 2}}, ChatChunk("", None, Usage(7, 2))),
        (choice(delta={"content": "One"}) | {"usage": None}, ChatChunk("One", None, None)),
        ({"choices": [], "prompt_filter_results": []}, ChatChunk("", None, None)),
    ],
)
def test_a_chunk_is_read_whatever_its_server_leaves_out(
    chunk: dict[str, Any], said: ChatChunk
) -> None:
    assert read_chunk(chunk) == said


@pytest.mark.parametrize(
    "chunk",
    [
        [],
        "One",
        {"choices": ["One"]},
        {"choices": {"delta": 1}},
        choice(delta="One"),
        choice(delta={"content": ["One"]}),
        choice(delta={"content": 1}),
        {"choices": [], "usage": {"prompt_tokens": 7}},
        {"choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": 2}},
    ],
)
def test_what_is_no_chunk_is_an_error_of_its_shape(chunk: object) -> None:
    with pytest.raises((AttributeError, LookupError, TypeError, ValueError)):
        read_chunk(chunk)
