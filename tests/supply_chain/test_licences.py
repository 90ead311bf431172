import pytest

from supply_chain.licences import ALLOWED, OTHER_WORDS, is_allowed, licence_of, main


def test_the_licence_of_everything_shipped_is_known_and_allowed() -> None:
    said: list[str] = []

    assert main(said.append) == 0
    assert any(line.startswith("fastapi ") and line.endswith(" MIT") for line in said)
    assert not any("says none" in line for line in said)


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("GPL-3.0-only OR MIT", True),
        ("(Apache-2.0 OR BSD-2-Clause)", True),
        ("MIT AND GPL-3.0-only", False),
        ("LGPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("LicenseRef-Proprietary", False),
        ("", False),
    ],
)
def test_what_asks_more_than_a_notice_is_for_people_to_decide(
    expression: str, allowed: bool
) -> None:
    assert is_allowed(expression) is allowed


def test_a_package_that_says_it_in_words_of_its_own_is_understood() -> None:
    assert licence_of("certifi") == "MPL-2.0"
    assert licence_of("pypdfium2") == "BSD-3-Clause AND Apache-2.0"
    assert all(is_allowed(expression) for expression in OTHER_WORDS.values())
    assert not any("GPL" in licence for licence in ALLOWED)
