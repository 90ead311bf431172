"""The command that measures: `book-eval retrieval --data DIR [--run FILE]`."""

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
    sys.exit(_retrieval(arguments.data, arguments.run))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="book-eval", description="Measure what a book becomes.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
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
