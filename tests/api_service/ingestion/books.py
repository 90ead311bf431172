"""Books to load: written by a test, or real ones."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from api_service.documents import Document
from api_service.ingestion.loaders import Book, load_book

BASE_URL = "https://book.example/docs"
ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "book"
LEROBOT = ROOT.parent / "shared" / "data" / "book-lerobot" / "docs"

needs_lerobot = pytest.mark.skipif(
    not LEROBOT.is_dir(), reason="needs ../shared/data/book-lerobot, a real book of 109 pages"
)


def write_book(folder: Path, pages: Mapping[str, str | bytes]) -> Path:
    """Write pages below a new folder and return it."""
    book = folder / "docs"
    for name, text in pages.items():
        path = book / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return book


def load(folder: Path, pages: Mapping[str, str | bytes]) -> Book:
    return load_book(write_book(folder, pages), base_url=BASE_URL)


def load_page(folder: Path, text: str, *, name: str = "page.mdx") -> Document:
    book = load(folder, {name: text})
    assert book.broken == ()
    (document,) = book.documents
    return document
