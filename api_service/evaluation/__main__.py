"""The command that measures: `book-eval chunks --source DIR`, `book-eval retrieval --data DIR`."""

import argparse
import asyncio
import sys
from pathlib import Path

from api_service.problems import Unavailable
from api_service.settings import BookSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings

WRONG = 1
BAD_SETTINGS = 2


def main() -> None:
    """Measure what the command line asks for.

    Exit status: 0; 1 when there is nothing to measure or something failed; 2 for wrong arguments
    or settings.
    """
    arguments = _arguments()
    if arguments.command == "chunks":
        sys.exit(_chunks(arguments.source, arguments.max_tokens, show_faults=arguments.faults))
    sys.exit(_retrieval(arguments.data, arguments.run))


def _arguments() -> argparse.Namespace:
    from api_service.ingestion.pipeline import MAX_TOKENS

    parser = argparse.ArgumentParser(prog="book-eval", description="Measure what a book becomes.")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    chunks = commands.add_parser(
        "chunks", help="how well and how fast a book's pages are cut into chunks"
    )
    chunks.add_argument(
        "--source", type=Path, required=True, metavar="DIR", help="the book's folder"
    )
    chunks.add_argument(
        "--max-tokens", type=int, default=MAX_TOKENS, metavar="N", help="a chunk's budget"
    )
    chunks.add_argument("--faults", action="store_true", help="name everything that is not right")
    retrieval = commands.add_parser("retrieval", help="how well questions find their passages")
    retrieval.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="a question set in BEIR's form: corpus.jsonl, queries.jsonl, qrels.tsv",
    )
    retrieval.add_argument(
        "--run", type=Path, metavar="FILE", help="write the best rankings there, in TREC's form"
    )
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
            f"{'judged':<20}{measured.judged:8}    the others, as PDF, by the budget alone",
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


def _retrieval(data: Path, run: Path | None) -> int:
    from api_service.evaluation.judged_sets import BadSet, read_set
    from api_service.evaluation.retrieval import report, run_lines, search_all

    def progress(done: int, total: int) -> None:
        sys.stderr.write(f"\r{done} of {total} chunks written" + "\n" * (done == total))

    try:
        settings = BookSettings.from_environment()
        configure_logs("book-eval", settings.log_format, "ERROR")
        judged = read_set(data)
        found = asyncio.run(search_all(judged, settings, progress))
        if run:
            way = tuple(found)[-1]
            run.write_text(run_lines(found[way], f"book-{way}"), encoding="utf-8")
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return BAD_SETTINGS
    except (BadSet, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    except Unavailable as error:
        sys.stderr.write(f"{error.detail}\n")
        return WRONG
    sys.stdout.write(report(judged, found))
    return 0


if __name__ == "__main__":
    main()
