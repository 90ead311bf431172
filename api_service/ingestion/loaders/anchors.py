"""Heading anchors as Docusaurus makes them.

Source: github-slugger 1.5 and the headings plugin of @docusaurus/mdx-loader 3.10. Letters that
Unicode has had only since its version 14 are kept here, and dropped there.
"""

import re
import unicodedata
from dataclasses import dataclass, field

# Letters, marks, digits and connectors are kept, and so are the circled and squared letters
# that Unicode calls alphabetic symbols; everything else goes.
_KEPT_CATEGORIES = frozenset(
    {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"},
)
_ALPHABETIC_SYMBOLS = (
    range(0x24B6, 0x24EA),
    range(0x1F130, 0x1F14A),
    range(0x1F150, 0x1F16A),
    range(0x1F170, 0x1F18A),
)
_CUSTOM_ID = re.compile(r"\s*(?:\{#(?P<docusaurus>[^{}\n]+)\}|\[\[(?P<hugging>[^\[\]\n]+)\]\])\s*$")


@dataclass(frozen=True, slots=True)
class Slugger:
    """Hands out the anchors of one page, numbering those it has given before."""

    keep_case: bool = False
    _given: dict[str, int] = field(default_factory=dict)

    def anchor(self, text: str) -> str:
        """Return the anchor of a heading: "setup" the first time, then "setup-1", "setup-2"."""
        base = anchor = slug(text, keep_case=self.keep_case)
        while anchor in self._given:
            self._given[base] += 1
            anchor = f"{base}-{self._given[base]}"
        self._given[anchor] = 0
        return anchor


def slug(text: str, *, keep_case: bool = False) -> str:
    """Return text in lower case, without punctuation and emoji, each space as a hyphen."""
    return "".join(_kept(character) for character in (text if keep_case else text.lower()))


def custom_id(heading: str) -> tuple[str, str | None]:
    """Part a heading from the id its author gave it.

    Args:
        heading: Such as "Set up {#setup}" (Docusaurus) or "Set up[[setup]]" (Hugging Face).

    Returns:
        The heading without the id, and the id or None.
    """
    match = _CUSTOM_ID.search(heading)
    if match is None:
        return heading, None
    return heading[: match.start()], (match["docusaurus"] or match["hugging"]).strip()


def _kept(character: str) -> str:
    if character == " ":
        return "-"
    if character == "-" or unicodedata.category(character) in _KEPT_CATEGORIES:
        return character
    alphabetic = any(ord(character) in symbols for symbols in _ALPHABETIC_SYMBOLS)
    return character if alphabetic else ""
