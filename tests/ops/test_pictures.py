from xml.etree import ElementTree as ET

from tests.ops.dashboard import Panel, panels
from tests.ops.pictures import FOLDER, HEIGHT, LONGEST_TITLE, WIDTH, Line, drawn

SVG = "{http://www.w3.org/2000/svg}"
PANEL = Panel("Row", "Time <to> end", "s", (("up", "{{job}}"),))


def test_a_panel_is_drawn_to_scale_with_its_title_and_legend() -> None:
    rising = Line("rising & shining", tuple((at, at / 150) for at in map(float, range(61))))
    picture = ET.fromstring(drawn([(PANEL, [rising])], 60))  # noqa: S314 -- our own

    texts = [each.text for each in picture.iter(f"{SVG}text")]
    assert texts[0] == "Time <to> end"
    assert "■ rising & shining" in texts
    assert {"0 s", "100 ms", "400 ms", "0:00", "1:00"} <= set(texts)
    (line,) = picture.iter(f"{SVG}polyline")
    points = [tuple(map(float, at.split(","))) for at in line.attrib["points"].split()]
    (left, low), (right, high) = points[0], points[-1]
    assert 0 < left < right < WIDTH
    assert 0 < high < low < HEIGHT


def test_where_there_was_nothing_no_line_is_drawn_and_what_stood_alone_is_a_dot() -> None:
    line = Line("at times", ((0.0, 1.0), (1.0, 1.0), (30.0, 1.0), (58.0, 1.0), (59.0, 1.0)))
    picture = ET.fromstring(drawn([(PANEL, [line])], 60))  # noqa: S314 -- our own

    runs = [each.attrib["points"].split() for each in picture.iter(f"{SVG}polyline")]
    assert [len(set(run)) for run in runs] == [2, 1, 2]


def test_of_many_lines_the_highest_are_drawn_and_long_names_are_cut() -> None:
    lines = [Line(f"{number} {'x' * 40}", ((0.0, float(number)),)) for number in range(20)]
    picture = ET.fromstring(drawn([(PANEL, lines)], 60))  # noqa: S314 -- our own

    shown = [each.text or "" for each in picture.iter(f"{SVG}text")]
    legends = [text for text in shown if text.startswith("■")]
    assert [int(text.split()[1]) for text in legends] == list(range(19, 11, -1))
    assert {len(text) for text in legends} == {28}
    assert max(float(each.attrib["y"]) for each in picture.iter(f"{SVG}text")) < HEIGHT - 5


def test_titles_are_short_enough_for_their_panels() -> None:
    assert [panel.title for panel in panels() if len(panel.title) > LONGEST_TITLE] == []


def test_a_panel_without_values_is_drawn_empty() -> None:
    picture = ET.fromstring(drawn([(PANEL, [])], 60))  # noqa: S314 -- our own

    assert list(picture.iter(f"{SVG}polyline")) == []


def test_there_is_a_picture_of_every_row_in_the_docs() -> None:
    page = (FOLDER.parent / "operating.md").read_text()
    for row in {panel.row for panel in panels()}:
        name = f"operating-{row.lower()}.svg"
        assert f"](pictures/{name})" in page
        shown = (FOLDER / name).read_text()
        ET.fromstring(shown)  # noqa: S314 -- our own
        assert all(panel.title in shown for panel in panels() if panel.row == row)
