from dataclasses import replace

from api_service.evaluation.chunks import Findings, Share
from benchmarks.retrieval.figures import Cut, Indexed, Page, Piece, Searched
from benchmarks.retrieval.judging import Quality
from benchmarks.retrieval.report import InSet, cuts, qualities, setting, speeds

SEARCHED = Searched(
    way="default",
    chunks=100,
    seconds=0.5,
    embedding_seconds=4.0,
    rankings={"1": ["a"]},
    milliseconds=[3.0, 1.0, 2.0],
    known_milliseconds=[0.5],
)
HYBRID = replace(SEARCHED, way="hybrid", embedding_seconds=None)
QUALITY = Quality(0.75, 0.8, 0.7)


def in_set(name: str, documents: int) -> InSet:
    one = [(SEARCHED, QUALITY), (HYBRID, QUALITY)]
    two = [(SEARCHED, Quality(0.5, 0.5, 0.5))]
    return InSet(
        name,
        documents,
        3,
        {"ours": (one, Indexed((SEARCHED, HYBRID), 99.6)), "peer": (two, Indexed((SEARCHED,), 9))},
    )


def test_every_way_has_a_row_and_every_set_three_cells() -> None:
    head, _, *rows = qualities([in_set("a", 2), in_set("b", 5)])
    assert "b, 5 documents, 3 questions" in head
    assert rows == [
        "| ours | default | 0.7500 | 0.8000 | 0.7000 | 0.7500 | 0.8000 | 0.7000 |",
        "| ours | hybrid | 0.7500 | 0.8000 | 0.7000 | 0.7500 | 0.8000 | 0.7000 |",
        "| peer | default | 0.5000 | 0.5000 | 0.5000 | 0.5000 | 0.5000 | 0.5000 |",
    ]


def test_rates_and_times_are_of_one_set() -> None:
    *_, default, hybrid, _ = speeds(in_set("a", 2))
    assert default == "| ours | default | 100 | 25 | 200 | 2.00 | 3.00 | 0.50 | 0.50 | 100 |"
    assert hybrid == "| ours | hybrid | 100 |  | 200 | 2.00 | 3.00 | 0.50 | 0.50 |  |"


def test_a_book_is_a_row_of_its_shares() -> None:
    cut = Cut((Page("a.md", None, (Piece("a", (), "a"),)),), 3_000_000, 2.0)
    found = Findings(fences=Share(1, 2), over_budget=4)
    *_, row = cuts([("ours", cut, found)])
    assert row == ("| ours | 1 | 50.00 % | 100.00 % | 100.00 % | 100.00 % | 4 | 0 | 1.50 |")


def test_every_line_of_a_table_has_as_many_cells_as_its_head() -> None:
    for table in (qualities([in_set("a", 2)]), speeds(in_set("a", 2)), cuts([])):
        assert len({line.count("|") for line in table}) == 1


def test_what_it_ran_on_and_with_is_said() -> None:
    text = setting({"haystack-ai": "3.4.0"}, 12.4)
    assert "haystack-ai 3.4.0" in text
    assert "12 minutes" in text
