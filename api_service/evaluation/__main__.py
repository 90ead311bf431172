"""The command that measures: `book-eval chunks`, `book-eval retrieval` and `book-eval answers`.

The latter two need questions: `book-eval make-questions` drafts them from the owner's book.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from api_service.problems import Unavailable
from api_service.settings import BookSettings, WritingSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings

WRONG = 1
BAD_SETTINGS = 2
INTERRUPTED = 130


def main() -> None:
    """Measure what the command line asks for.

    Exit status: 0; 1 when there is nothing to measure or something failed; 2 for wrong arguments
    or settings.
    """
    arguments = _arguments()
    if arguments.command == "chunks":
        sys.exit(_chunks(arguments.source, arguments.max_tokens, show_faults=arguments.faults))
    if arguments.command == "make-questions":
        sys.exit(_make_questions(arguments))
    if arguments.command == "answers":
        sys.exit(_answers(arguments.data, arguments.other, arguments.count))
    if arguments.history:
        sys.exit(_dialogues(arguments.data, arguments.standalone))
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
    retrieval.add_argument(
        "--history",
        action="store_true",
        help="measure the follow-ups of the set, alone and with the conversations before them",
    )
    retrieval.add_argument(
        "--standalone",
        type=Path,
        metavar="FILE",
        help="follow-ups put so that they stand alone, lines of _id and text, to compare with",
    )
    answers = commands.add_parser("answers", help="what is refused, and whether citations hold")
    answers.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the set that becomes the book"
    )
    answers.add_argument(
        "--other",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a set of other subjects, whose questions this book does not answer; any number",
    )
    answers.add_argument(
        "--count", type=_positive, default=300, metavar="N", help="questions of each kind; 300"
    )
    questions = commands.add_parser(
        "make-questions", help="draft a question set from a book, for you to correct"
    )
    questions.add_argument(
        "--source", type=Path, required=True, metavar="DIR", help="folder of Markdown or MDX pages"
    )
    questions.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the set's folder, in BEIR's form"
    )
    questions.add_argument("--count", type=_positive, default=50, metavar="N", help="how many; 50")
    questions.add_argument("--seed", type=int, default=0, metavar="N", help="another sample of it")
    questions.add_argument(
        "--force", action="store_true", help="begin anew, even where questions were corrected"
    )
    questions.add_argument("--dry-run", action="store_true", help="only tell what it would cost")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


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
    from api_service.evaluation.judged_sets import read_set
    from api_service.evaluation.retrieval import report, run_lines, search_all

    def measure() -> None:
        settings = BookSettings.from_environment()
        configure_logs("book-eval", settings.log_format, "ERROR")
        judged = read_set(data)
        found = asyncio.run(search_all(judged, settings, _progress))
        sys.stdout.write(report(judged, found))
        if run:
            way = tuple(found)[-1]
            run.write_text(run_lines(found[way], f"book-{way}"), encoding="utf-8")

    return _status(measure)


def _dialogues(data: Path, standalone: Path | None) -> int:
    from api_service.evaluation.dialogues import dialogues, report, search_dialogues
    from api_service.evaluation.judged_sets import (
        BadSet,
        read_histories,
        read_set,
        read_standalone,
    )

    def measure() -> None:
        settings = WritingSettings.from_environment()
        configure_logs("book-eval", settings.log_format, "ERROR")
        alone = read_standalone(standalone) if standalone else {}
        asked = dialogues(read_set(data), read_histories(data), alone)
        if not asked.judged.queries:
            raise BadSet(f"{data} has no judged query with a history")
        sys.stdout.write(report(asked, asyncio.run(search_dialogues(asked, settings, _progress))))

    return _status(measure)


def _answers(data: Path, others: Sequence[Path], count: int) -> int:
    from api_service.evaluation.answer_report import report
    from api_service.evaluation.answers import Questions, ask_all
    from api_service.evaluation.judged_sets import read_histories, read_set

    def measure() -> None:
        settings = WritingSettings.from_environment()
        configure_logs("book-eval", settings.log_format, "ERROR")
        judged, *strange = [read_set(folder) for folder in (data, *others)]
        questions = Questions(judged, read_histories(data), strange)
        asked = asyncio.run(ask_all(questions, settings, count, _progress))
        sys.stdout.write(report(asked))

    return _status(measure)


def _progress(done: int, total: int) -> None:
    sys.stderr.write(f"\r{done} of {total} chunks written" + "\n" * (done == total))


def _status(measure: Callable[[], None]) -> int:
    """Measure, and return the exit status; what is wrong is said in a sentence."""
    from api_service.evaluation.judged_sets import BadSet

    try:
        measure()
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return BAD_SETTINGS
    except BadSet as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    except OSError as error:
        sys.stderr.write(_of_a_file(error))
        return WRONG
    except Unavailable as error:
        sys.stderr.write(f"{error.detail}\n")
        return WRONG
    return 0


def _make_questions(arguments: argparse.Namespace) -> int:
    from api_service.evaluation.draft_sets import QUERIES, Corrected
    from api_service.evaluation.making import Wanted, make_questions
    from api_service.ingestion.loaders import NoPages

    wanted = Wanted(
        source=arguments.source,
        out=arguments.out,
        count=arguments.count,
        seed=arguments.seed,
        force=arguments.force,
        dry_run=arguments.dry_run,
    )
    try:
        settings = WritingSettings.from_environment()
        configure_logs("book-eval", settings.log_format, "ERROR")
        made = asyncio.run(
            make_questions(wanted, settings, lambda line: sys.stderr.write(f"{line}\n"))
        )
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return BAD_SETTINGS
    except (Corrected, NoPages) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    except OSError as error:
        sys.stderr.write(_of_a_file(error))
        return WRONG
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; run this again to go on.\n")
        return INTERRUPTED
    if not wanted.dry_run:
        without = "".join(f", {number} {reason}" for reason, number in made.failures.items())
        sys.stdout.write(
            f"{made.questions} questions, {made.new} of them new{without}\n"
            f"Correct them in {wanted.out / QUERIES}, then measure with:\n"
            f"  book-eval retrieval --data {wanted.out}\n"
        )
    if made.stopped:
        sys.stderr.write("The model does not answer any more; run this again to go on.\n")
    return WRONG if made.stopped else 0


def _of_a_file(error: OSError) -> str:
    return f"{error.filename} cannot be used: {error.strerror}. Name another place.\n"


if __name__ == "__main__":
    main()
