"""Whatever is told, every voice tells the same."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service.chat.events import Citation, Event, Meta
from api_service.chat.schemas import link
from api_service.chat.voices import Voice
from api_service.chat.voices.completions import CompletionChunks, completion
from api_service.chat.voices.json import gathered, reply
from api_service.chat.voices.sse import NamedEvents
from api_service.chat.voices.ui_messages import UIMessageChunks
from api_service.llms import Usage
from api_service.problems import InvalidInput, ModelUnavailable, Problem, Unexpected
from tests.api_service.chat.voices.telling import (
    CONSIDERED,
    coming,
    received,
    said,
    told,
    values,
)

Spans = tuple[tuple[int, int, int, bool], ...]


@dataclass(frozen=True)
class Content:
    """What an answer comes to, in whatever voice.

    Attributes:
        text: Its words.
        sources: Number and link of each source cited.
        citations: Number, start, end and whether it is supported.
        spent: Tokens in and out.
        model: By whom.
    """

    text: str
    sources: dict[int, str]
    citations: Spans
    spent: tuple[int, int] | None
    model: str


def spans(citations: list[dict[str, Any]]) -> Spans:
    return tuple((c["n"], c["start"], c["end"], c["supported"]) for c in citations)


def links(sources: list[dict[str, Any]]) -> dict[int, str]:
    return {each["n"]: f"{each['url']}#{each['anchor']}".rstrip("#") for each in sources}


def tokens(usage: dict[str, int] | None, words: tuple[str, str]) -> tuple[int, int] | None:
    return None if usage is None else (usage[words[0]], usage[words[1]])


OURS = ("input_tokens", "output_tokens")
THEIRS = ("prompt_tokens", "completion_tokens")


def of_account(text: str, account: dict[str, Any]) -> Content:
    return Content(
        text=text,
        sources=links(account["sources"]),
        citations=spans(account["citations"]),
        spent=tokens(account["usage"], OURS),
        model=account["model"],
    )


def of_named_events(stream: bytes) -> Content:
    events = [(name, json.loads(data)) for name, data in received(stream)]
    text = "".join(value["text"] for name, value in events if name == "delta")
    assert [name for name, _ in events if name in ("done", "error")] == [events[-1][0]] == ["done"]
    content = of_account(text, events[-1][1])
    assert spans([value for name, value in events if name == "citation"]) == content.citations
    return content


def annotated(annotations: list[dict[str, Any]]) -> Spans:
    cited = [each["url_citation"] for each in annotations]
    return tuple((c["n"], c["start_index"], c["end_index"], c["supported"]) for c in cited)


def of_completion_chunks(stream: bytes) -> Content:
    *chunks, spent = values(stream)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    annotations = deltas[-1].get("annotations", [])
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [
        *[None] * (len(chunks) - 1),
        "stop",
    ]
    return Content(
        text="".join(delta.get("content", "") for delta in deltas),
        sources={each["url_citation"]["n"]: each["url_citation"]["url"] for each in annotations},
        citations=annotated(annotations),
        spent=tokens(spent["usage"], THEIRS),
        model=chunks[0]["model"],
    )


def of_completion(whole: dict[str, Any]) -> Content:
    (choice,) = whole["choices"]
    annotations = choice["message"]["annotations"]
    return Content(
        text=choice["message"]["content"],
        sources={each["url_citation"]["n"]: each["url_citation"]["url"] for each in annotations},
        citations=annotated(annotations),
        spent=tokens(whole["usage"], THEIRS),
        model=whole["model"],
    )


def of_ui_chunks(stream: bytes) -> Content:
    chunks = values(stream)
    sources = [each for each in chunks if each["type"] == "source-url"]
    metadata = chunks[-1]["messageMetadata"]
    assert chunks[-1]["type"] == "finish"
    assert all(each["providerMetadata"]["book"]["n"] == int(each["sourceId"]) for each in sources)
    return Content(
        text="".join(each["delta"] for each in chunks if each["type"] == "text-delta"),
        sources={int(each["sourceId"]): each["url"] for each in sources},
        citations=spans(metadata["citations"]),
        spent=tokens(metadata["usage"], OURS),
        model=metadata["model"],
    )


def stream_voices() -> list[Voice]:
    return [
        NamedEvents("request-1", "/v1/chat/stream"),
        UIMessageChunks("request-1", "/v1/chat/ui"),
        CompletionChunks("request-1", with_usage=True),
    ]


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Pieces of any text without white space around them, and citations within it."""
    pieces = draw(st.lists(st.text(), max_size=8))
    text = "".join(pieces)
    pieces = (
        [f"A{pieces[0]}", *pieces[1:-1], f"{pieces[-1]}." if len(pieces) > 1 else "."]
        if (pieces)
        else ["A."]
    )
    cited = sorted(draw(st.sets(st.integers(1, len(CONSIDERED)))))
    places = st.integers(0, len(text))
    citations = []
    for n in cited:
        start, end = sorted((draw(places), draw(places)))
        citations.append(Citation(n, start, end, draw(st.booleans())))
    usage = draw(st.none() | st.builds(Usage, st.integers(0, 9999), st.integers(0, 9999)))
    return told(*pieces, cited=cited, citations=citations, usage=usage)


@given(events=answers())
async def test_every_voice_tells_the_same(events: list[Event]) -> None:
    named, ui, chunks = (said(voice, events) for voice in stream_voices())
    whole = await gathered(coming(events))
    json_reply = json.loads(reply(whole, "request-1").model_dump_json())
    expected = of_account(json_reply["response"], json_reply)

    assert expected.sources == {n: link(scored.chunk) for n, scored in whole.done.sources}
    assert of_named_events(named) == expected
    assert of_ui_chunks(ui) == expected
    assert of_completion_chunks(chunks) == expected
    assert of_completion(completion(whole, "request-1")) == expected


@pytest.mark.parametrize(
    "problem", [ModelUnavailable("It is away."), Unexpected(), InvalidInput("No.")]
)
@given(events=answers(), reached=st.integers(0, 20))
def test_a_failure_at_any_point_is_the_last_that_is_said(
    problem: Problem, events: list[Event], reached: int
) -> None:
    begun = events[: min(reached, len(events) - 1)]
    slug = problem.kind.removeprefix("/problems/")
    for voice in stream_voices():
        stream = said(voice, begun) + voice.fail(problem)
        name, last = [each for each in received(stream) if each[1] != "[DONE]"][-1]

        assert slug in last.replace("_", "-")
        if isinstance(voice, NamedEvents):
            body = json.loads(last)
            assert (name, body["status"], body["detail"]) == (
                "error",
                problem.status,
                problem.detail,
            )
            assert body["retryable"] == (problem.status == 503)
        else:
            assert received(stream)[-1] == ("message", "[DONE]")


@pytest.mark.parametrize("voice", stream_voices(), ids=lambda voice: type(voice).__name__)
def test_nothing_is_said_before_there_is_anything_to_read(voice: Voice) -> None:
    assert voice.say(Meta("openai:gpt-4o-mini", "generated")) == b""


def test_where_another_answers_than_was_asked_first_every_voice_names_the_other() -> None:
    meta, sources, *words, done = told("So.")
    events = [meta, sources, Meta("extractive:sentences", "extractive"), *words, done]
    named, ui, chunks = (said(voice, events) for voice in stream_voices())
    names = [(name, json.loads(data).get("model")) for name, data in received(named)]

    assert names[2] == ("meta", "extractive:sentences")
    assert values(ui)[0]["messageMetadata"]["model"] == "extractive:sentences"
    assert {chunk["model"] for chunk in values(chunks)} == {"extractive:sentences"}


async def test_halves_of_a_character_become_one() -> None:
    citation = Citation(1, 0, 6, supported=True)
    events = told("\ud83e", "\udd16 [1]\ud800", cited=[1], citations=[citation])
    whole = await gathered(coming(events))
    (moved,) = whole.done.citations

    assert whole.text == "🤖 [1]\ufffd"
    assert whole.text[moved.start : moved.end] == "🤖 [1]"
    assert [
        json.loads(data)
        for name, data in received(said(stream_voices()[0], events))
        if name == "delta"
    ]


async def test_white_space_around_an_answer_does_not_move_its_citations() -> None:
    citation = Citation(1, 2, 9, supported=True)
    whole = await gathered(coming(told("\n ", "So [1]. ", cited=[1], citations=[citation])))
    (moved,) = whole.done.citations

    assert whole.text[moved.start : moved.end] == whole.text == "So [1]."


async def test_all_sources_are_listed_where_that_is_asked_for() -> None:
    whole = await gathered(coming(told("So [2].", cited=[2])))

    assert reply(whole, "request-1").model_dump(exclude_unset=True).get("considered") is None
    considered = reply(whole, "request-1", considered=True).considered
    assert considered is not None
    assert [each.n for each in considered] == [1, 2, 3, 4]
    assert considered[1] == reply(whole, "request-1").sources[0]


async def test_an_answer_without_an_end_is_no_whole_one() -> None:
    with pytest.raises(RuntimeError, match="no end"):
        await gathered(coming(told("So [1].", cited=[1])[:-1]))
