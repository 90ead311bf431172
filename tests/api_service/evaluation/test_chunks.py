from dataclasses import replace
from pathlib import Path

import pytest

from api_service.documents import Chunk
from api_service.evaluation.chunks import Findings, Share, judge, measure
from api_service.evaluation.source import read
from api_service.ingestion.chunking import split
from api_service.ingestion.loaders import NoPages
from tests.api_service.ingestion.books import EXAMPLE, LEROBOT, load_page, needs_lerobot

PAGE = """---
slug: /arms
---
import Tabs from '@theme/Tabs'

# Arms

Opening words of the page.

## Joints

```python
angle = 1
print(angle)
```

| Joint | Torque |
| ----- | ------ |
| elbow | 3 N m  |

### Elbow

The elbow bends in one direction only.
"""


def chunks_of(folder: Path) -> list[Chunk]:
    return split(load_page(folder, PAGE))


def judged(chunks: list[Chunk], max_tokens: int = 400) -> Findings:
    return judge(read(PAGE), chunks, name="arms.mdx", title="Arms", max_tokens=max_tokens)


def test_what_the_chunker_makes_of_a_page_is_without_fault(tmp_path: Path) -> None:
    found = judged(chunks_of(tmp_path))
    assert found.faults == ()
    assert (found.fences, found.tables) == (Share(1, 1), Share(1, 1))
    assert found.headings == Share(3, 3)
    assert found.lines.part == found.lines.whole == 9
    assert (found.longer, found.over_budget, found.debris) == (0, 0, 0)


def test_a_torn_fence_is_seen(tmp_path: Path) -> None:
    first, second, third = chunks_of(tmp_path)
    above, below = second.text.split("print")
    torn = [
        first,
        replace(second, text=f"{above}```"),
        replace(second, text=f"```python\nprint{below}"),
        third,
    ]
    assert judged(torn).fences == Share(0, 1)
    assert "arms.mdx: fence torn" in judged(torn).faults[0]


def test_a_torn_table_is_seen(tmp_path: Path) -> None:
    first, second, third = chunks_of(tmp_path)
    above, below = second.text.split("| elbow")
    torn = [first, replace(second, text=above), replace(second, text=f"| elbow{below}"), third]
    assert judged(torn).tables == Share(0, 1)


def test_wrong_headings_are_seen(tmp_path: Path) -> None:
    first, second, third = chunks_of(tmp_path)
    strayed = [first, second, replace(third, heading_path=("Arms", "Elbow"))]
    assert judged(strayed).headings == Share(2, 3)


def test_a_chunk_of_words_the_page_does_not_have_has_no_right_heading(tmp_path: Path) -> None:
    strange = replace(chunks_of(tmp_path)[0], text="Something else entirely.")
    assert judged([strange]).headings == Share(0, 1)


def test_a_heading_inside_a_chunk_heads_what_follows(tmp_path: Path) -> None:
    first, second, third = chunks_of(tmp_path)
    joined = replace(second, text=f"{second.text}\n\n### Elbow\n\n{third.text}")
    assert judged([first, joined]).headings == Share(2, 2)


def test_a_whole_fence_behind_half_of_another_is_whole(tmp_path: Path) -> None:
    first, second, third = chunks_of(tmp_path)
    behind = replace(second, text=f"rest()\n```\n\n{second.text}")
    assert judged([first, behind, third]).fences == Share(1, 1)


def test_half_a_line_stands_under_the_headings_of_the_whole(tmp_path: Path) -> None:
    first, second, third = chunks_of(tmp_path)
    half = replace(third, text="bends in one direction")
    assert judged([first, second, half]).headings == Share(3, 3)
    strayed = replace(half, heading_path=("Arms", "Shoulder"))
    assert judged([first, second, strayed]).headings == Share(2, 3)


def test_a_lost_line_is_seen(tmp_path: Path) -> None:
    *kept, _ = chunks_of(tmp_path)
    found = judged(kept)
    assert found.lines == Share(8, 9)
    assert "line 23: lost: 'the elbow bends" in found.faults[0]


def test_a_chunk_over_the_budget_is_seen(tmp_path: Path) -> None:
    assert judged(chunks_of(tmp_path), max_tokens=20).over_budget == 1


def test_a_fence_longer_than_the_budget_is_not_counted_as_torn(tmp_path: Path) -> None:
    found = judged(chunks_of(tmp_path), max_tokens=10)
    assert (found.fences, found.tables, found.longer) == (Share(0, 0), Share(0, 0), 2)


def test_an_import_and_front_matter_in_a_chunk_are_seen(tmp_path: Path) -> None:
    first, *others = chunks_of(tmp_path)
    for line in ("import Tabs from '@theme/Tabs'", "---\nslug: /arms\n---"):
        assert judged([replace(first, text=f"{line}\n\n{first.text}"), *others]).debris == 1


def test_nothing_of_nothing_is_all_of_it() -> None:
    assert Share(0, 0).percent == 100
    assert Share(1, 4).percent == 25


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(EXAMPLE, id="example"),
        pytest.param(LEROBOT, id="lerobot", marks=needs_lerobot),
    ],
)
def test_real_books_are_cut_as_promised(folder: Path) -> None:
    measured = measure(folder, max_tokens=400)
    found = measured.findings
    assert measured.broken == 0
    assert found.fences.part == found.fences.whole > 5
    assert found.tables.part == found.tables.whole > 5
    assert found.headings.part == found.headings.whole == measured.chunks
    assert found.lines.percent >= 99.9
    assert (found.over_budget, found.debris) == (0, 0)
    assert measured.characters > 50_000
    assert measured.seconds > 0


def test_a_folder_without_a_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoPages):
        measure(tmp_path, max_tokens=400)
