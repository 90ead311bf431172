from pathlib import Path

import pytest

from api_service.evaluation.chunks import Findings, Share
from api_service.evaluation.judged_sets import JudgedSet, Passage, Query
from benchmarks.retrieval.figures import Cut, Page, Piece
from benchmarks.retrieval.judging import Quality, findings, quality

PAGE = """\
# Arms

An arm has joints, and links between them.

## Shoulder

| joint | degrees |
| ----- | ------- |
| pitch | 180     |

```python
# Move slowly at first
move(shoulder, 90)

stop(shoulder)
```

# Legs

A robot that walks has legs, as a rule.
"""
OPENING = Piece("An arm has joints, and links between them.", ("Arms",), "")
SHOULDER = PAGE[PAGE.index("## Shoulder") : PAGE.index("# Legs")]
LEGS = Piece("A robot that walks has legs, as a rule.", ("Legs",), "")


def judged(folder: Path, *pieces: Piece, title: str | None = None) -> Findings:
    (folder / "arms.md").write_text(PAGE)
    return findings(folder, Cut((Page("arms.md", title, pieces),), len(PAGE), 1.0))


@pytest.mark.parametrize(
    "shoulder",
    [
        pytest.param(Piece(SHOULDER, ("Arms",), ""), id="the heading in the text"),
        pytest.param(Piece(SHOULDER, ("Arms", "Shoulder"), ""), id="in both"),
        pytest.param(
            Piece(SHOULDER.partition("\n")[2], ("Arms", "Shoulder"), ""), id="in the path"
        ),
    ],
)
def test_a_page_cut_well_is_without_fault_wherever_its_headings_are(
    tmp_path: Path, shoulder: Piece
) -> None:
    found = judged(tmp_path, OPENING, shoulder, LEGS)
    assert found.faults == ()
    assert found.headings == Share(3, 3)
    assert (found.fences, found.tables) == (Share(1, 1), Share(1, 1))


def test_a_title_put_over_every_heading_is_right_too(tmp_path: Path) -> None:
    legs = Piece(LEGS.text, ("Arms", "Legs"), "")
    assert judged(tmp_path, OPENING, legs, title="Arms").headings == Share(2, 2)


def test_a_lost_heading_is_seen(tmp_path: Path) -> None:
    part = Piece(SHOULDER.partition("\n")[2], ("Arms",), "")
    assert judged(tmp_path, OPENING, part, LEGS).headings == Share(2, 3)


def test_a_comment_of_torn_code_is_no_heading(tmp_path: Path) -> None:
    above, comment, below = SHOULDER.partition("# Move slowly")
    pieces = [Piece(above, ("Arms",), ""), Piece(comment + below, ("Arms", "Shoulder"), "")]
    found = judged(tmp_path, OPENING, *pieces, LEGS)
    assert found.fences == Share(0, 1)
    assert found.headings == Share(4, 4)
    assert found.lines.part == found.lines.whole


def test_a_whole_fence_behind_the_end_of_a_torn_one_is_whole(tmp_path: Path) -> None:
    fence = SHOULDER[SHOULDER.index("```") :]
    behind = Piece(f"more()\n```\n\n{fence}", ("Arms", "Shoulder"), "")
    assert judged(tmp_path, OPENING, behind, LEGS).fences == Share(1, 1)


def test_the_last_bar_of_a_torn_table_speaks_for_no_heading(tmp_path: Path) -> None:
    scrap = Piece("        |\n", ("Arms", "Shoulder"), "")
    assert judged(tmp_path, OPENING, scrap, LEGS).headings == Share(3, 3)


def test_what_is_embedded_counts_for_the_budget(tmp_path: Path) -> None:
    long = Piece(LEGS.text, LEGS.heading_path, "word " * 500)
    assert judged(tmp_path, OPENING, long).over_budget == 1


def test_rankings_are_judged_by_the_questions_asked() -> None:
    passages = tuple(Passage(id_, "", "text") for id_ in "abc")
    queries = (Query("1", "one"), Query("2", "two"))
    judged_set = JudgedSet(passages, queries, {"1": {"a": 1}, "2": {"b": 1, "c": 1}})

    assert quality(judged_set, {"1": ["a", "b"]}) == Quality(1, 1, 1)
    assert quality(judged_set, {"1": [], "2": ["a", "b"]}).mrr == 0.25
    assert quality(judged_set, {"2": ["a", "b"]}).recall == 0.5
