from pathlib import Path

from benchmarks.page import write_part


def test_each_benchmark_replaces_its_own_part_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Benchmarks\n")
    write_part(page, "make a", "## A\n\nold\n")
    write_part(page, "make b", "## B\n")
    write_part(page, "make a", "## A\n\nnew \\1 $1\n")

    assert page.read_text() == (
        "# Benchmarks\n\n"
        "<!-- make a -->\n\n## A\n\nnew \\1 $1\n\n<!-- end of make a -->\n\n"
        "<!-- make b -->\n\n## B\n\n<!-- end of make b -->\n"
    )
