import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service.ingestion.loaders.mdx import to_markdown
from api_service.ingestion.loaders.tracing import Traced


def unheard(line: int, reason: str) -> None:
    """Take a remark on a page and keep it from nobody in particular."""


def convert(source: str, **partials: str) -> str:
    def partial(target: str) -> str | None:
        return partials.get(target.strip("./_").split(".")[0])

    return to_markdown(Traced.of(source), partial=partial, link=str, flaw=unheard).text


@pytest.mark.parametrize(
    "module",
    [
        "import Tabs from '@theme/Tabs';",
        'import Tabs from "@theme/Tabs"',
        "import {a, b as c} from './x';\nimport * as d from './d';\nimport './style.css';",
        "import {\n  a,\n  b,\n} from './x';",
        "export const toc = [{value: 'x'}];",
        "export const Box = ({children}) => (\n  <div>\n\n    {children}\n\n  </div>\n);",
        "export default function Layout() {\n  return null;\n}",
        "export {a} from './a';",
    ],
)
def test_imports_and_exports_are_dropped(module: str) -> None:
    assert convert(f"Before.\n\n{module}\n\nAfter.") == "Before.\n\nAfter."


@pytest.mark.parametrize(
    "prose",
    [
        "import the package first, from the top menu",
        "export MUJOCO_GL=egl",
        "import numpy as np",
        "The word\nimport x from 'y'\nin a paragraph",
    ],
)
def test_prose_that_begins_like_a_module_stays(prose: str) -> None:
    assert convert(prose) == prose


def test_an_export_that_is_never_closed_takes_only_its_paragraph() -> None:
    assert convert("export const a = {\n  b: 1,\n\nStill here.") == "Still here."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Robots {/* no */}move.", "Robots move."),
        ("{/*\n\nlong\n\ncomment\n\n*/}\n\nText.", "Text."),
        ("Version {version} is out.", "Version  is out."),
        ("Robots <!-- no -->move.", "Robots move."),
        ("<!-- a\n\n```\ncode\n```\n\n-->\nText.", "Text."),
        ("One{' '}two{\" \"}three", "One two three"),
        ("{cond && <Foo>text</Foo>}After", "After"),
        ("a {nested {braces} here} b", "a  b"),
    ],
)
def test_expressions_and_comments_are_dropped_and_literals_kept(source: str, text: str) -> None:
    assert convert(source) == text


@pytest.mark.parametrize(
    "text",
    [
        "A lone { brace\n\nand far below another }.",
        r"Escaped \{ and \< stay.",
        "a < b and c > d, 3 <4, <5 ms",
        "Mail <somebody@example.org> or <https://example.org/a_b>",
        "an unfinished <Tip and more",
        'an unfinished <a href="x and more',
        "A list of List<String> and Map<Key, Value>",
        "Run it with <your-name> in place",
        "<Tip>\nnever closed",
        "closed only </Tip>",
        "never closed <!-- comment",
        "A quote > and { more",
    ],
)
def test_what_is_no_mdx_stays_as_it_stands(text: str) -> None:
    assert convert(text) == text


CODE = [
    "```jsx\nimport x from 'y';\n<Tip>{a}</Tip>\n<!-- c -->\n:::note\n:::\n```",
    "~~~\n{x} <b>\n\n\n\n```\n~~~",
    "- item\n\n  ```bash\n  echo ${HOME} <x>\n  ```",
    "> ```\n> {x}\n> ```",
    "```mermaid\nflowchart LR\n  A{x} -->|y| B\n```",
    "Inline `<Tip>{x}</Tip>` and ``a ` {b}`` code",
    "$$\nx_{1} = \\frac{a}{b}\n\n<c>\n$$",
    "Inline ${}^{A}T_{B}$ and $$x_{1}$$ mathematics",
    "| a | b |\n| --- | --- |\n| `{x}` | $y_{1}$ |",
    "Text[^1].\n\n[^1]: A note.",
    "```\nnever closed {x} <b>\n\n## no heading",
]


@pytest.mark.parametrize("text", CODE)
def test_code_mathematics_tables_and_footnotes_are_untouched(text: str) -> None:
    assert convert(text) == text


def test_amounts_of_money_are_no_mathematics() -> None:
    assert convert("It costs $5 <b>now</b> and $6 later.") == "It costs $5 now and $6 later."


def test_an_mdx_code_block_is_part_of_the_page() -> None:
    source = "```mdx-code-block\nimport A from 'a';\n\n<A>Text.</A>\n```"
    assert convert(source) == "Text."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<Tip>\n\nGo.\n\n</Tip>", "Tip: Go."),
        ("<Tip warning={true}>\n  Go.\n  On.\n</Tip>", "Warning: Go.\nOn."),
        ("<Tip warning>Go.</Tip>", "Warning: Go."),
        ("<Tip warning={false}>Go.</Tip>", "Tip: Go."),
        ("<Note>Go.</Note>", "Note: Go."),
        ('<Admonition type="danger" title="Stop">Go.</Admonition>', "Danger: Stop\n\nGo."),
        ("<Callout>\n\n- Go.\n\n</Callout>", "Note:\n\n- Go."),
    ],
)
def test_admonition_components_keep_their_kind_as_a_word(source: str, text: str) -> None:
    assert convert(source) == text


def test_tabs_keep_their_labels() -> None:
    source = """
<Tabs groupId="os">
  <TabItem value="linux" label="Linux" default>

    ```bash
    if x; then
      y
    fi
    ```

  </TabItem>
  <TabItem value="mac">Use the app.</TabItem>
</Tabs>
"""
    assert convert(source) == (
        "Linux:\n\n```bash\nif x; then\n  y\nfi\n```\n\nmac:\n\nUse the app."
    )


def test_hugging_face_options_keep_their_names() -> None:
    source = '<hfoptions id="os">\n<hfoption id="Mac">\n```bash\nls\n```\n</hfoption>\n</hfoptions>'
    assert convert(source) == "Mac:\n\n```bash\nls\n```"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('<Youtube id="x" />', ""),
        ("<video controls>\n  <source src='x'/>\n  No film.\n</video>\n\nText.", "Text."),
        ("<iframe src='x'></iframe>Text.", "Text."),
        ('<img\n  src="x.png"\n  alt="An arm"\n/>', "An arm"),
        ('![An *arm*](x.png "y") and [![badge](b.svg)](c)', "An *arm* and [badge](c)"),
        ('<a href="x"><img src="y"></a>[](z)', ""),
        (f"<img src='data:image/png;base64,{'QUJD' * 50_000}' alt='An arm' />", "An arm"),
        ("<details>\n<summary>More</summary>\n\nText.\n\n</details>", "More\n\nText."),
        ("<div><p>One.</p><p>Two.</p></div>", "One.\n\nTwo."),
        ("A <Highlight color={{a: 1}}>word</Highlight> here.", "A word here."),
        ("<>Text.</>", "Text."),
        ('<Card title="Arms">Text.</Card>', "Arms\n\nText."),
        ("<Foo.Bar x={() => {return 1}}>Text.</Foo.Bar>", "Text."),
        ("One<br/>two<br>three", "One\ntwo\nthree"),
        ("x<sup>2</sup> and <code>y</code> and <kbd>z</kbd>", "x^2 and `y` and z"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ("<p>never closed", "never closed"),
        ("closed only</div>", "closed only"),
        ("One\n\n<hr/>\n\nTwo", "One\n\n---\n\nTwo"),
        (
            "[[open-in-colab]]\n\n[[autodoc]] lerobot.Robot\n    - connect",
            "lerobot.Robot\n    - connect",
        ),
    ],
)
def test_components_are_unwrapped_to_their_text(source: str, text: str) -> None:
    assert convert(source) == text


def test_tags_in_a_table_s_row_leave_it_one_row() -> None:
    source = "| a | b |\n| --- | --- |\n| one<br/>two | <p>three</p> |"
    cells = convert(source).split("\n")[2].split("|")
    assert [" ".join(cell.split()) for cell in cells] == ["", "one two", "three", ""]


def test_heading_ids_stay_for_the_one_who_reads_headings() -> None:
    source = "## A {#a}\n\n## B {/* #b */}\n\nC {/* #c */}\n---\n\nD {/* #d */}"
    assert convert(source) == "## A {#a}\n\n## B {#b}\n\nC {#c}\n---\n\nD"


def test_a_heading_of_html_with_an_id_is_a_heading() -> None:
    source = "A.\n\n<h2 id='own'>Own *words*</h2>\nB.\n\n<h3>No link</h3>\n\nIn <h4 id='c'>C</h4>."
    assert convert(source) == "A.\n\n## Own *words* {#own}\n\nB.\n\nNo link\n\nIn \n\nC\n\n."


def test_a_partial_stands_in_place_of_its_component() -> None:
    source = "import Units from './_units.mdx';\n\nBefore.\n\n<Units system={si} />\n\nAfter {x}."
    assert convert(source, units="Use `{m}` and {s}.") == (
        "Before.\n\nUse `{m}` and {s}.\n\nAfter ."
    )


def test_a_partial_that_cannot_be_found_leaves_nothing() -> None:
    assert convert("import Units from './_units.mdx';\n\n<Units />\n\nAfter.") == "After."


@given(
    st.lists(
        st.sampled_from(
            [
                *"<>{}`$\\/#|\n \"'=a:[]!*",
                "<Tip>",
                "</Tip>",
                "<a ",
                "{/*",
                "*/}",
                "<!--",
                "-->",
                "```",
                "\n\n",
                ":::note\n",
                ":::\n",
                "> [!TIP]\n",
                "<table>",
                "<tr>",
                "<td>",
                "</table>",
                "$$",
                "import x from 'y'\n",
                "export const a = {",
                "\ufdd0",
                "\ufdd1",
                "0\ufdd2",
                "{#a}",
                "é",
            ]
        ),
        max_size=60,
    ).map("".join)
)
def test_nothing_makes_it_fail_and_words_survive(source: str) -> None:
    text = convert(f"{source}\n\nlast words")
    hidden = ("<!--", "{", "export", "<table", "<td", "`", "$$", "import")
    assert "last words" in text or any(mark in source for mark in hidden)


UNITS = (
    "<", "{", "}", "`", "``` ", "$", "<a ", "<a {", "<a '", "<!--", "{/*", "![", "[](", ":::note\n",
    "> ", " ", "\n", "#", "<p>", "</p>", "<A>", "<A></B>", "import ", "export const a = {\n",
    "\\", "- ", "*", "<table><tr><td>", "`a ``b ", "{a}", "| a ", "[[", "<a href=' x' ",
    "<!-- a -->", "# {a} ",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_long_hostile_pages_take_no_long_time(unit: str) -> None:
    began = time.monotonic()
    convert(unit * (100_000 // len(unit)))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("See [a](x.md) and [b](y 'title').", "See [a](<x.md>) and [b](<y> 'title')."),
        ("[a `]( code`](x)", "[a `]( code`](<x>)"),
        ("`[a](x)` and ![alt](y.png)", "`[a](x)` and alt"),
        ("See [a].\n\n[a]: x.md 'title'", "See [a].\n\n[a]: <x.md> 'title'"),
        ("[^a]: x.md is a note", "[^a]: x.md is a note"),
    ],
)
def test_every_link_is_asked_for_its_address(source: str, text: str) -> None:
    said = to_markdown(
        Traced.of(source), partial=lambda _: None, link=lambda x: f"<{x}>", flaw=unheard
    )
    assert said.text == text
