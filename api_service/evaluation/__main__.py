"""The command that measures: `book-eval chunks --source DIR`."""

import argparse
import sys
from pathlib import Path

WRONG = 1


def main() -> None:
    """Measure what the command line asks for, and exit: 1 when there is nothing to measure."""
    arguments = _arguments()
    sys.exit(_chunks(arguments.source, arguments.max_tokens, show_faults=arguments.faults))


def _arguments() -> argparse.Namespace:
    from api_service.ingestion.pipeline import MAX_TOKENS

    parser = argparse.ArgumentParser(prog="book-eval", description="Measure what a book becomes.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    chunks = commands.add_parser(
        "chunks", help="how well and how fast a book's pages are cut into chunks"
    )
    chunks.add_argument(
        "--source", type=Path, required=True, metavar="DIR", help="folder of Markdown or MDX pages"
    )
    chunks.add_argument(
        "--max-tokens", type=int, default=MAX_TOKENS, metavar="N", help="a chunk's budget"
    )
    chunks.add_argument("--faults", action="store_true", help="name everything that is not right")
    return parser.parse_args()


def _chunks(source: Path, max_tokens: int, *, show_faults: bool) -> int:
    from api_service.evaluation.chunks import Measured, Share, measure
    from api_service.ingestion.loaders import NoPages

    def share(name: str, figure: Share) -> str:
        return f"{name:<20}{figure.percent:8.2f} %  {figure.part} of {figure.whole}"

    def report(measured: Measured) -> list[str]:
        found = measured.findings
        return [
            f"{'pages':<20}{measured.pages:8}    {measured.broken} broken",
            f"{'chunks':<20}{measured.chunks:8}    at most {max_tokens} tokens",
            share("fences whole", found.fences),
            share("tables whole", found.tables),
            f"{'longer than a chunk':<20}{found.longer:8}    fences and tables, cut at lines",
            share("heading path right", found.headings),
            f"{'over budget':<20}{found.over_budget:8}",
            share("lines kept", found.lines),
            f"{'with import lines':<20}{found.debris:8}    or front matter",
            f"{'chunks/s':<20}{measured.chunks / measured.seconds:8.0f}    on one core",
            f"{'Mchar/s':<20}{measured.characters / measured.seconds / 1e6:8.2f}",
        ]

    try:
        measured = measure(source, max_tokens=max_tokens)
    except (NoPages, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    faults = measured.findings.faults if show_faults else ()
    sys.stdout.write("".join(f"{line}\n" for line in (*report(measured), *faults)))
    return 0


if __name__ == "__main__":
    main()
