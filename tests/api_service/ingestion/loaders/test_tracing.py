import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from api_service.ingestion.loaders.tracing import LineIndex, Traced
from tests.api_service.ingestion.books import load_page


def test_an_untouched_text_comes_from_its_own_lines() -> None:
    assert Traced.of("a\nb", first=7).lines == ((7, 7), (8, 8))
    assert Traced.of("a\nb").edited([]) == Traced.of("a\nb")


def test_a_removed_line_is_missing_from_the_numbers() -> None:
    text = Traced.of("a\nb\nc").edited([(2, 4, "")])
    assert text == Traced("a\nc", ((1, 1), (3, 3)))


def test_lines_made_one_come_from_all_of_them() -> None:
    text = Traced.of("a\nb\nc").sub(re.compile("\n(?=b)"), lambda _: " ")
    assert text == Traced("a b\nc", ((1, 2), (3, 3)))


def test_inserted_lines_come_from_where_they_are_inserted() -> None:
    text = Traced.of("a\nb\nc").edited([(2, 3, "x\n\ny")])
    assert text == Traced("a\nx\n\ny\nc", ((1, 1), (2, 2), (2, 2), (2, 2), (3, 3)))


def test_a_traced_replacement_brings_its_own_lines() -> None:
    text = Traced.of("a\nb\nc").edited([(2, 3, Traced("x\ny", ((8, 8), (9, 9))))])
    assert text == Traced("a\nx\ny\nc", ((1, 1), (8, 8), (9, 9), (3, 3)))


def test_an_edit_inside_another_is_left_out() -> None:
    assert Traced.of("abcdef").edited([(1, 4, "-"), (2, 3, "x"), (4, 5, "+")]).text == "a-+f"


def test_a_slice_has_the_lines_it_touches() -> None:
    index = LineIndex(Traced.of("ab\ncd\nef", first=3))
    assert index.slice(1, 4) == Traced("b\nc", ((3, 3), (4, 4)))
    assert index.line(7) == 5


@given(
    st.lists(st.sampled_from(["a", "b", " ", "\n"]), min_size=1, max_size=40).map("".join),
    st.data(),
)
def test_every_line_has_its_lines_and_kept_words_their_own(
    source: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(source)), max_size=8)))
    edits = [
        (start, end, data.draw(st.sampled_from(["", "x", "\n", "x\ny"])))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    text = Traced.of(source).edited(edits)
    assert len(text.lines) == text.text.count("\n") + 1
    assert [first for first, _ in text.lines] == sorted(first for first, _ in text.lines)
    before = source.split("\n")
    for line, (first, last) in zip(text.text.split("\n"), text.lines, strict=True):
        kept = {word for word in line if word in "ab"}
        assert kept <= set("".join(before[first - 1 : last]))


def test_every_line_of_a_section_knows_its_line_in_the_file(tmp_path: Path) -> None:
    source = """---
title: Arms
---
import Tabs from '@theme/Tabs'

Opening.

## Set up

:::tip
Mind the gap.
:::

```bash
one

two
```

<table>
<tr><th>Joint</th></tr>
<tr>
<td>elbow</td>
</tr>
</table>

Last `code
span`.
"""
    opening, section = load_page(tmp_path, source).sections
    assert opening.lines == ((6, 6),)
    told = dict(zip(section.text.split("\n"), section.lines, strict=True))
    assert told["Tip: Mind the gap."] == (10, 11)
    assert [told[line] for line in ("```bash", "one", "two")] == [(14, 14), (15, 15), (17, 17)]
    assert told["| Joint |"] == (21, 21)
    assert told["| elbow |"] == (22, 23)
    assert (told["Last `code"], told["span`."]) == ((27, 28), (27, 28))
