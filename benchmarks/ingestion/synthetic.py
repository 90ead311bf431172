"""A made-up book of any length: pages with sections, prose, code blocks and tables."""

import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_PAGE_CHARACTERS = 20_000
_PAGES_IN_A_FOLDER = 100
_WORD = re.compile(r"[A-Za-z]{2,}")


def write_book(folder: Path, megabytes: float, *, words_from: Path, seed: int = 1) -> int:
    """Write pages of so many megabytes in all; the same again for the same seed.

    The words of a real book are drawn as often as they stand there, but in no order: as many
    neighbouring words as there can be are new, which is the hardest case for an index of them.

    Args:
        folder: Made if it is missing.
        megabytes: Millions of bytes.
        words_from: Folder of the real book's pages.
        seed: Of what is drawn.

    Returns:
        How many pages there are.
    """
    draw = random.Random(seed)  # noqa: S311 - a book, not a secret
    texts = (file.read_text(encoding="utf-8") for file in sorted(words_from.rglob("*.md*")))
    counted = Counter(word for text in texts for word in _WORD.findall(text))
    words, upto = list(counted), list(itertools.accumulate(counted.values()))

    def some(least: int, most: int) -> list[str]:
        return draw.choices(words, cum_weights=upto, k=draw.randint(least, most))

    written = 0
    for number in itertools.count():
        if written >= megabytes * 1_000_000:
            return number
        sections = itertools.count()
        page = f"---\ntitle: Page {number}\n---\n"
        while len(page) < _PAGE_CHARACTERS:
            page += "\n".join(_section(next(sections), some(120, 260)))
        file = folder / f"part{number // _PAGES_IN_A_FOLDER}" / f"page{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        written += file.write_text(page, encoding="utf-8")
    raise AssertionError


def _section(number: int, words: list[str]) -> Iterator[str]:
    yield f"\n## Section {number} {words[0]} {words[1]}\n"
    for start in range(0, len(words), 12):
        yield " ".join(words[start : start + 12]).capitalize() + "."
    if number % 4 == 3:  # noqa: PLR2004 - now and then
        yield "\n```python"
        yield from (f"{word} = {other}({place})" for place, (word, other) in _pairs(words))
        yield "```"
    if number % 6 == 5:  # noqa: PLR2004 - likewise
        yield "\n| first | second |\n| --- | --- |"
        yield from (f"| {word} | {other} |" for _, (word, other) in _pairs(words))
    yield ""


def _pairs(words: list[str]) -> Iterator[tuple[int, tuple[str, str]]]:
    return enumerate(itertools.pairwise(words[:12]))
