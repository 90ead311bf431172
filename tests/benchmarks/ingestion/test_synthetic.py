from pathlib import Path

from api_service.ingestion.loaders import load_book
from benchmarks.ingestion.synthetic import write_book

EXAMPLE = Path(__file__).parents[3] / "examples/book"


def test_a_made_up_book_is_as_long_as_asked_and_the_same_each_time(tmp_path: Path) -> None:
    pages, again = (write_book(tmp_path / name, 0.3, words_from=EXAMPLE) for name in ("one", "two"))
    assert pages == again
    files = sorted((tmp_path / "one").rglob("*.md"))
    assert len(files) == pages
    assert 300_000 <= sum(file.stat().st_size for file in files) < 330_000
    for file in files:
        other = tmp_path / "two" / file.relative_to(tmp_path / "one")
        assert other.read_bytes() == file.read_bytes()


def test_a_made_up_book_is_a_book_with_prose_code_and_tables(tmp_path: Path) -> None:
    write_book(tmp_path / "book", 0.1, words_from=EXAMPLE)
    book = load_book(tmp_path / "book", base_url="https://book.example/docs")
    assert book.broken == ()
    texts = [section.text for page in book.documents for section in page.sections]
    assert any("```python" in text for text in texts)
    assert any("| --- | --- |" in text for text in texts)
    assert len({section.anchor for section in book.documents[0].sections}) > 5
