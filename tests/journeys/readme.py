"""The README's commands, word for word."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]

_HEADING = re.compile(r"^#{2,3} (?P<heading>.+)$", re.MULTILINE)
_COMMANDS = re.compile(r"^```bash\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> dict[str, list[str]]:
    """Return the blocks of shell commands under each heading that has some."""
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    parts = _HEADING.split(text)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {
        heading: found
        for heading, section in sections.items()
        if (found := [match["commands"] for match in _COMMANDS.finditer(section)])
    }
