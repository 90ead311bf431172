import json
from collections import Counter
from pathlib import Path

import pytest

from api_service.documents import Chunk
from api_service.evaluation.drafts import (
    BY_RULE,
    Draft,
    by_rule,
    distinct,
    drafted,
    estimate,
    read_reply,
    sampled,
)
from api_service.llms import LanguageModel, choose
from api_service.problems import ModelUnavailable
from tests.api_service.scripted_openai import (
    Scene,
    ScriptedOpenAI,
    breaks_off,
    refuses,
    says,
    scripted_openai,
)
from tests.api_service.service import make_settings

TEXT = (
    "A gait is the order in which a robot puts its legs on the ground. "
    "Walking robots change it with their speed, as animals do, to save energy."
)


def make_chunk(path: str = "gaits.md", anchor: str = "gaits", text: str = TEXT) -> Chunk:
    return Chunk(
        document=path,
        path=path,
        title="Legs",
        heading_path=("Legs", "Gaits"),
        url="",
        anchor=anchor,
        text=text,
        ordinal=0,
    )


def reply(
    question: object = "What is it that changes with speed?", quote: object = "A gait"
) -> str:
    return json.dumps({"question": question, "quote": quote})


def test_a_sample_takes_from_every_page_before_it_takes_twice_from_one() -> None:
    chunks = [make_chunk(f"{page}.md", f"s{n}") for page in "abcd" for n in range(5)]
    once = sampled(chunks, 4, seed=1)
    assert {chunk.path for chunk in once} == {"a.md", "b.md", "c.md", "d.md"}
    assert set(Counter(chunk.path for chunk in sampled(chunks, 8, seed=1)).values()) == {2}


def test_a_larger_sample_goes_on_where_a_smaller_one_ended() -> None:
    chunks = [make_chunk(f"{page}.md", f"s{n}") for page in "abc" for n in range(5)]
    assert sampled(chunks, 9, seed=3)[:4] == sampled(chunks, 4, seed=3)
    assert sampled(chunks, 9, seed=3) != sampled(chunks, 9, seed=4)


def test_a_sample_leaves_out_what_holds_no_prose_and_no_section_twice() -> None:
    code = make_chunk(anchor="code", text=f"```\n{TEXT}\n```")
    parts = [make_chunk(), make_chunk(), make_chunk(anchor="short", text="A gait is an order.")]
    assert len(sampled([code, *parts], 10, seed=0)) == 1


def test_a_reply_may_say_more_around_its_json() -> None:
    made = read_reply(f"Sure!\n```json\n{reply()}\n```", make_chunk(), "openai:m")
    assert made == Draft(make_chunk(), "What is it that changes with speed?", "A gait", "openai:m")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        "}{",
        "{" * 100_000 + "}",
        '["question"]',
        "{}",
        reply(question=3),
        reply(quote=None),
        reply(question="Why?"),
        reply(question="Why " * 400),
    ],
)
def test_a_reply_of_another_form_is_malformed(text: str) -> None:
    assert read_reply(text, make_chunk(), "openai:m") == "malformed"


@pytest.mark.parametrize("quote", ["", "...", "A gait is a hat.", "ait is the"])
def test_a_quote_that_is_not_in_the_passage_grounds_nothing(quote: str) -> None:
    assert read_reply(reply(quote=quote), make_chunk(), "openai:m") == "not grounded"


def test_a_quote_may_differ_in_markup_and_spaces() -> None:
    chunk = make_chunk(text="A **gait** is the\norder of `legs`.")
    made = read_reply(reply(quote="a gait is  the order of legs"), chunk, "openai:m")
    assert isinstance(made, Draft)


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("What moves first?", "What moves first?"),
        ("How to walk", "How do I walk?"),
        ("2.1 How to walk", "How do I walk?"),
        ("Gait", "What is Gait?"),
        ("Speed", "What is said about Speed under Legs?"),
    ],
)
def test_headings_become_questions(heading: str, question: str) -> None:
    chunk = Chunk("d", "d", "Legs", ("Legs", heading), "", "a", TEXT, 0)
    assert by_rule(chunk) == Draft(chunk, question, "", BY_RULE)


def test_a_page_without_headings_is_asked_about_by_its_title() -> None:
    chunk = Chunk("d", "d", "Speed", ("Speed",), "", "", TEXT, 0)
    assert by_rule(chunk).question == "What is said about Speed?"


def test_a_question_counts_once() -> None:
    first, second = by_rule(make_chunk()), by_rule(make_chunk(anchor="other"))
    assert list(distinct([first, second])) == [first]


def test_the_estimate_grows_with_the_passages() -> None:
    sent, answered = estimate([make_chunk(), make_chunk()])
    assert sent > 2 * estimate([])[0] > -1
    assert sent > 400
    assert answered > 0


def model_of(openai: ScriptedOpenAI) -> LanguageModel:
    return choose(make_settings(Path(), openai=openai))


async def test_the_model_is_asked_about_one_passage_at_a_time() -> None:
    chunks = [make_chunk(anchor=f"s{n}") for n in range(6)]
    async with scripted_openai() as openai:
        openai.chat = says(reply())
        model = model_of(openai)
        made = [each async for each in drafted(chunks, model)]
        await model.close()
        asked = openai.asked("/chat/completions")

    assert [chunk for chunk, _ in made] == chunks
    assert all(isinstance(draft, Draft) for _, draft in made)
    assert len(asked) == 6
    assert asked[0]["messages"][1]["content"] == f"<passage>\n{chunks[0].searchable}\n</passage>"


@pytest.mark.parametrize("scene", [refuses(429), refuses(500), breaks_off("{")])
async def test_a_model_that_does_not_answer_is_left_alone_after_a_while(scene: Scene) -> None:
    chunks = [make_chunk(anchor=f"s{n}") for n in range(20)]
    async with scripted_openai() as openai:
        openai.chat = scene
        model = model_of(openai)
        answers = drafted(chunks, model)
        made = [(await anext(answers))[1] for _ in range(8)]
        with pytest.raises(ModelUnavailable):
            await anext(answers)
        await model.close()

    assert set(made) == {"unanswered"}
