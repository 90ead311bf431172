from xml.etree import ElementTree as ET

from tests.ops.dashboard import Panel, panels
from tests.ops.pictures import FOLDER, HEIGHT, WIDTH, Line, drawn

SVG = "{http://www.w3.org/2000/svg}"
PANEL = Panel("Row", "Time <to> end", "s", (("up", "{{job}}"),))


def test_a_panel_is_drawn_to_scale_with_its_title_and_legend() -> None:
    rising = Line("rising & shining", ((0.0, 0.0), (60.0, 0.4)))
    picture = ET.fromstring(drawn([(PANEL, [rising])], 60))  # noqa: S314 -- our own

    texts = [each.text for each in picture.iter(f"{SVG}text")]
    assert texts[0] == "Time <to> end"
    assert "■ rising & shining" in texts
    assert {"0 s", "100 ms", "400 ms", "0:00", "1:00"} <= set(texts)
    (line,) = picture.iter(f"{SVG}polyline")
    (left, low), (right, high) = (map(float, at.split(",")) for at in line.attrib["points"].split())
    assert 0 < left < right < WIDTH
    assert 0 < high < low < HEIGHT


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
