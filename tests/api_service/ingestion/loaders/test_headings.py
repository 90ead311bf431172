import pytest

from api_service.ingestion.loaders.headings import headings, pin


def anchors(markdown: str) -> list[str]:
    return [heading.anchor for heading in headings(markdown)]


@pytest.mark.parametrize(
    ("heading", "text", "anchor"),
    [
        ("## Plain", "Plain", "plain"),
        ("## `ros2 topic` & **bold** _it_", "ros2 topic & bold it", "ros2-topic--bold-it"),
        ("## [A link](https://x.y/z) ![alt text](a.png)", "A link alt text", "a-link-alt-text"),
        ("## A &amp; B &copy; C", "A & B © C", "a--b--c"),
        (r"## escape \* \_ \# done", "escape * _ # done", "escape--_--done"),
        ("## ~~gone~~ kept", "gone kept", "gone-kept"),
        ("## trailing ##", "trailing", "trailing"),
        ("## __init__ and snake_case", "init and snake_case", "init-and-snake_case"),
        ("    ## indented", "indented", "indented"),
        ("Over\ntwo lines\n---", "Over two lines", "overtwo-lines"),
        ("## $E = mc^2$ and $\\pi_0$", "$E = mc^2$ and $\\pi_0$", "e--mc2-and-pi_0"),
        ("## custom **bold** {#Own_Id}", "custom bold", "Own_Id"),
        ("## custom[[own-id]]", "custom", "own-id"),
        ("##", "", ""),
        ("## A [link][ref], [ref]\n\n[ref]: /x", "A link, ref", "a-link-ref"),
        ("## No [link][missing]", "No [link][missing]", "no-linkmissing"),
        ("## Noted[^1] twice[^B]\n\n[^1]: A.\n[^b]: B.", "Noted twice", "noted-twice"),
        ("## Not noted[^1]", "Not noted[^1]", "not-noted1"),
    ],
)
def test_markup_is_reduced_to_text(heading: str, text: str, anchor: str) -> None:
    (found,) = headings(heading)
    assert (found.text, found.anchor) == (text, anchor)


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("## ros2:humble topics", "ros2-topics"),
        ("## a:b:c", "ab"),
        ("## ISO 10218:2025", "iso-102182025"),
        ("## std::vector", "stdvector"),
        ("## Launch :rocket: now", "launch-rocket-now"),
        ("## `a:b`", "ab"),
        ("## Note: this", "note-this"),
    ],
)
def test_what_docusaurus_reads_as_a_directive_is_not_in_the_anchor(
    heading: str, anchor: str
) -> None:
    (found,) = headings(heading)
    assert found.anchor == anchor
    assert found.text == heading.removeprefix("## ").replace("`", "")


def test_headings_in_code_are_none() -> None:
    assert anchors("## A\n\n```bash\n# install\n## run\n```\n\n~~~\nB\n---\n~~~") == ["a"]


def test_headings_in_quotes_and_lists_count_but_begin_nothing() -> None:
    found = headings("> ## Setup\n\n- ## Setup\n\n## Setup")
    assert [(h.anchor, h.is_nested) for h in found] == [
        ("setup", True),
        ("setup-1", True),
        ("setup-2", False),
    ]


def test_an_author_s_id_is_not_counted() -> None:
    assert anchors("## A {#setup}\n\n## Setup\n\n## Setup") == ["setup", "setup", "setup-1"]


def test_the_title_takes_part_in_the_numbering() -> None:
    assert anchors("# Sensors\n\n## Sensors") == ["sensors", "sensors-1"]


def test_pinned_anchors_are_not_renumbered() -> None:
    pinned = pin("## Setup\n\nUnder\nlined\n---\n\n## Own {#own}\n\n## Setup")
    assert pinned == (
        "## Setup {#setup}\n\nUnder\nlined {#underlined}\n---\n\n## Own {#own}\n\n"
        "## Setup {#setup-1}"
    )
    assert anchors("## Setup\n\n" + pinned)[1:] == ["setup", "underlined", "own", "setup-1"]


def test_capitals_stay_where_asked() -> None:
    assert [found.anchor for found in headings("## Two Words", keep_case=True)] == ["Two-Words"]
    assert pin("## Two Words", keep_case=True) == "## Two Words {#Two-Words}"
