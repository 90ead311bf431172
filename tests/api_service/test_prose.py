import pytest

from api_service.prose import excerpt, sentences


def texts(markdown: str) -> list[str]:
    return [sentence.text for sentence in sentences(markdown)]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("One is here. Two is there.", ["One is here.", "Two is there."]),
        ("Is it so? Yes! It is.", ["Is it so?", "Yes!", "It is."]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("Use a sensor, e.g. a lidar. It works.", ["Use a sensor, e.g. a lidar.", "It works."]),
        ("See Fig. 3 for more. It helps.", ["See Fig. 3 for more.", "It helps."]),
        ("Work by J. Smith et al. The rest.", ["Work by J. Smith et al. The rest."]),
        ("Set it to 3.5 m. Then wait.", ["Set it to 3.5 m.", "Then wait."]),
        ("Run `a. B` now. Then stop.", ["Run `a. B` now.", "Then stop."]),
    ],
)
def test_a_text_is_split_where_its_sentences_end(markdown: str, expected: list[str]) -> None:
    assert texts(markdown) == expected


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("See [the *guide*](http://x/) first.", ["See the guide first."]),
        ("A **bold** and _soft_ word.", ["A bold and soft word."]),
        ("An image ![of a robot](x.png) here.", ["An image here."]),
        ("Some <b>bold</b> words<br/> here.", ["Some bold words here."]),
        ("The force $F = m\\_a$ acts.", ["The force $F = m\\_a$ acts."]),
        ("It costs $5 or $6 here.", ["It costs $5 or $6 here."]),
        ("Use [`Step`] first.", ["Use `Step` first."]),
        ("Use ``a`b`` and \\` here.", ["Use `a'b` and ' here."]),
        ("As shown [12] by others [3, 4].", ["As shown by others."]),
        ("One line\nand the next.", ["One line and the next."]),
        ("# Heading\n\nWords below.", ["Words below."]),
        ("```python\nx = 1. Y = 2.\n```", []),
        ("    indented code here.\n", []),
        ("| a | b |\n|---|---|\n| One. | Two. |\n\nWords.", ["Words."]),
        ("<div>Hidden words.</div>\n\nWords.", ["Words."]),
        ("$$\nx = y\n$$\n\nWords.", ["Words."]),
        ("> A quoted word.", ["A quoted word."]),
        ("***\n\n…", []),
    ],
)
def test_only_words_are_left_of_markdown(markdown: str, expected: list[str]) -> None:
    assert texts(markdown) == expected


def test_a_step_knows_its_number() -> None:
    found = sentences(
        "Before.\n\n1. First thing.\n2. Second thing. And more.\n\n- A point.\n\nAfter."
    )

    assert [(each.step, each.block) for each in found] == [
        (None, 0),
        (1, 1),
        (2, 2),
        (2, 2),
        (None, 3),
        (None, 4),
    ]


def test_a_short_command_is_taken_into_the_sentence_before_it() -> None:
    assert texts("Build the package:\n\n```bash\ncolcon build\n```") == [
        "Build the package `colcon build`."
    ]


@pytest.mark.parametrize(
    "following",
    [
        "```\none\ntwo\n```",
        "```\n" + "x" * 100 + "\n```",
        "```\n```",
        "```\na `b`\n```",
        "- item",
        "",
    ],
)
def test_what_only_introduces_something_longer_is_left_out(following: str) -> None:
    assert "These are they:" not in texts(f"These are they:\n\n{following}")


def test_an_excerpt_is_cut_at_a_word() -> None:
    assert excerpt("# Title\n\nSome **words**, and more.", 100) == "Some words, and more."
    assert excerpt("Some words, and more.", 14) == "Some words…"


def test_an_excerpt_of_a_long_text_looks_beyond_what_it_leaves_out() -> None:
    code = "\n".join(["```", *["x = 1"] * 500, "```"])

    assert excerpt(f"{code}\n\nSome **words**, and more. {'word ' * 99}", 14) == "Some words…"
    assert excerpt(f"Some [words]({'x' * 99}).\n\n{code}", 14) == "Some words."
