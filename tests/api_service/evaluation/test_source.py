from api_service.evaluation.source import read, words


def test_words_are_read_without_markup() -> None:
    said = words("**Set** up [the arm](../arm.md#x) `ros2` <b>now</b> {#own} ![a _pic_](b.png)")
    assert said == "set up the arm ros2 now a pic"


def test_every_line_stands_under_its_headings() -> None:
    page = read("# Arms\n\nOne.\n\n## Set up {#own}\n\nTwo.\n\nUnder\n-----\n\nThree.")
    assert page.title == "Arms"
    assert [(line.number, line.path, line.words) for line in page.lines] == [
        (1, ("Arms",), "arms"),
        (3, ("Arms",), "one"),
        (5, ("Arms", "Set up"), "set up"),
        (7, ("Arms", "Set up"), "two"),
        (9, ("Arms", "Under"), "under"),
        (12, ("Arms", "Under"), "three"),
    ]


def test_fences_are_found_in_lists_and_quotes_and_without_an_end() -> None:
    page = read("```py\na\n```\n\n- x\n  ~~~\n  # b\n  ```\n  ~~~\n\n> ````\n> c")
    assert [fence.body for fence in page.fences] == ["py\na", "\n# b\n```", "\nc"]
    assert all(line.path == () for line in page.lines)


def test_tables_end_where_their_rows_do() -> None:
    page = read("| a | b |\n| - | - |\n| 1 | 2 |\n\na | b\n--|--\nc | d\nend\n\n`a | b`\n")
    assert [table.body for table in page.tables] == ["a b 1 2", "a b c d"]


def test_what_only_a_site_needs_is_no_line() -> None:
    page = read(
        "---\ntitle: 'Arms'\nid: x\n---\nimport A from 'a'\nexport const b = 1\n\n"
        "<Tip\n  a={1}>\n\nText.\n\n<!-- no\nword -->\n<video>none</video>\n\n{/* nor\nhere */}\n\n"
        "import is a word."
    )
    assert page.title == "Arms"
    assert [line.words for line in page.lines] == ["text", "import is a word"]
    assert page.modules >= {"title: 'Arms'", "import A from 'a'", "export const b = 1"}


def test_what_is_none_of_the_known_headings_heads_nothing() -> None:
    torn = "# Move slowly\nmove()\n```\n\n## Elbow\n\nText."
    page = read(torn, above=("Arms",), known=frozenset({"arms", "elbow"}))
    assert [line.path for line in page.lines][:2] == [("Arms",), ("Arms",)]
    assert read("## Elbow\n\nText.", above=("Arms",), known=frozenset({"elbow"})).lines[
        -1
    ].path == (
        "Arms",
        "Elbow",
    )
