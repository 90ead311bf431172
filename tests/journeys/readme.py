"""The commands of the README and of the pages in docs, word for word."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]

_HEADING = re.compile(r"^#{2,3} (?P<heading>.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[str]:
    """Return the paths of the README and of all pages in docs."""
    docs = sorted(CHECKOUT.glob("docs/**/*.md"))
    return ["README.md", *(page.relative_to(CHECKOUT).as_posix() for page in docs)]


def commands(page: str = "README.md", language: str = "bash") -> dict[str, list[str]]:
    """Return the blocks of shell commands under each heading of a page that has some.

    Args:
        page: Its path.
        language: Of the blocks, where they are no shell commands.
    """
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    parts = _HEADING.split(text)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    found = {
        heading: [each["text"] for each in _BLOCK.finditer(section) if each["language"] == language]
        for heading, section in sections.items()
    }
    return {heading: blocks for heading, blocks in found.items() if blocks}
