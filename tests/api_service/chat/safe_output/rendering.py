"""What a page would make of an answer: several readings of Markdown, each with HTML let through."""

import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import urljoin

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

BOOK = "https://book.example"
PAGE = f"{BOOK}/docs/sensors"

# What GitHub's Markdown makes a link of, though nothing marks it as one.
_LINKED = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s<]+|www\.[^\s<]+|[\w.+-]+@[\w-]+\.[\w.-]+"
    # and what others do besides
    r"|[\w-]+\.(?:com|org)(?![\w-])|[\w-]+\.(?:io|dev)/\w",
    re.IGNORECASE,
)
_DRAWN = re.compile(r"<[a-z]|//|javascript:", re.IGNORECASE)
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0000-\U000e0fff]|[\u200c\u200d]{2}"
)


@cache
def parsers() -> tuple[MarkdownIt, ...]:
    plain = MarkdownIt("commonmark")
    tables = MarkdownIt("js-default", {"html": True})
    formulas = MarkdownIt("js-default", {"html": True}).use(dollarmath_plugin)
    notes = MarkdownIt("commonmark").enable("table").use(footnote_plugin)
    for each in (plain, tables, formulas, notes):
        setattr(each, "validateLink", lambda _: True)  # noqa: B010 -- as careless as any renderer
    return plain, tables, formulas, notes


def harm(text: str, book: str = BOOK) -> list[str]:
    """Return what of an answer leads out of the book, shows a picture, or is HTML."""
    found = [f"invisible {each!r}" for each in _UNSEEN.findall(text)]
    for parser in parsers():
        for token in _tokens(parser.parse(text)):
            match token.type:
                case "image":
                    found.append(f"image {token.attrGet('src')}")
                case "html_inline" | "html_block":
                    found.append(f"HTML {token.content}")
                case "fence" if "mermaid" in token.info.casefold():  # drawn, with what it links to
                    found += [f"drawn {each}" for each in _DRAWN.findall(token.content)]
                case "link_open" if not _inside(str(token.attrGet("href") or ""), book):
                    found.append(f"link {token.attrGet('href')}")
                case "text":
                    found += [
                        f"address {each}"
                        for each in _LINKED.findall(token.content)
                        if "://" not in each or not _inside(each, book)
                    ]
                case _:
                    pass
    return found


def _tokens(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _tokens(token.children or [])


def _inside(address: str, book: str) -> bool:
    try:
        target = urljoin(f"{book}/docs/sensors", address.replace("\\", "/")).rstrip(".,:;!?'*_~")
    except ValueError:  # a host that is none
        return False
    return target == book or target.startswith((f"{book}/", f"{book}?", f"{book}#"))
