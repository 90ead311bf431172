from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from api_service.chat.evidence import refusal
from api_service.chat.prompt import read_prompt_file
from api_service.chat.safe_output import NOT_TOLD, harmless, safe
from tests.api_service.book import LIDAR, make_chunk, scored
from tests.api_service.chat.safe_output.rendering import harm

PROMPT = read_prompt_file()
CLONE = make_chunk("Run `git clone https://github.com/ros2/ros2` first.")


async def said(pieces: Sequence[str]) -> tuple[list[str], int]:
    """Return what leaves, and how many pieces were read for it."""
    read = 0

    async def arriving() -> AsyncIterator[str]:
        nonlocal read
        for piece in pieces:
            read += 1
            yield piece

    stream = safe(
        arriving(),
        prompt_file=PROMPT,
        sources=scored(LIDAR, CLONE),
        book_url="https://book.example/docs",
    )
    return [piece async for piece in stream], read


async def test_links_lead_to_where_the_book_and_its_pages_are_read() -> None:
    text = (
        "[a](https://book.example/docs/x) [b](http://localhost:3000/docs/y) [c](https://x.example/)"
    )

    assert "".join((await said(text))[0]) == text[: text.index("(https://x")] + " (…)"


async def test_an_address_in_code_is_one_of_a_source() -> None:
    text = "`git clone https://github.com/ros2/ros2` or `git clone https://github.com/evil/ros2`"

    assert "".join((await said([text]))[0]) == (
        "`git clone https://github.com/ros2/ros2` or `git clone …`"
    )


async def test_an_answer_ends_where_it_tells_what_the_model_was_told() -> None:
    leaking = ["Sure. ", "The mark is ", PROMPT.canary[:5], PROMPT.canary[5:], " and", " more"]

    assert await said(leaking) == (["Sure. ", "The mark is ", NOT_TOLD], 4)


async def test_what_is_certain_only_at_the_end_leaves_then() -> None:
    assert (await said(["Look: <", "3", " and a:"]))[0] == ["Look: ", "<3", " and a", ":"]


@pytest.mark.parametrize(
    "heading",
    [
        "![x](https://evil.example/p)",
        "<img src=x>",
        "a](https://evil.example) b",
        "https://evil.example/p",
        "&#60;img&#62; `<b>",
        "www.evil.example and a@evil.example",
        "[1]: https://evil.example",
        "\\",
    ],
)
def test_a_refusal_links_to_the_book_whatever_its_headings_say(heading: str) -> None:
    sources = scored(replace(make_chunk("A gait.", heading=heading), anchor="gaits"))
    said = harmless(
        refusal(sources, "What?"), sources=sources, book_url="https://book.example/docs"
    )

    assert harm(said, "http://localhost:3000") == []
    assert "](http://localhost:3000/docs/sensors#gaits)" in said


async def test_a_leak_in_the_last_words_is_noticed() -> None:
    assert (await said([f"It is:{PROMPT.canary}"]))[0] == [NOT_TOLD]
