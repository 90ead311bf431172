"""The command that measures: `book-eval chunks`, `book-eval retrieval` and `book-eval answers`.

The latter two need questions: `book-eval make-questions` drafts them from the owner's book.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from api_service.evaluation.command_line import read_arguments
from api_service.problems import Unavailable
from api_service.settings import BookSettings, WritingSettings
from service_kit.logs import configure_logs
from service_kit.settings import BadSettings

WRONG = 1
BAD_SETTINGS = 2
INTERRUPTED = 130


def main() -> None:
    """Measure what the command line asks for.

    Exit status: 0; 1 when there is nothing to measure, something failed or a figure is below
    `--at-least`; 2 for wrong arguments or settings.
    """
    arguments = read_arguments()
    if arguments.command == "chunks":
        sys.exit(_chunks(arguments.source, arguments.max_tokens, show_faults=arguments.faults))
    if arguments.command == "make-questions":
        sys.exit(_make_questions(arguments))
    if arguments.command == "answers":
        sys.exit(_answers(arguments.data, arguments.other, arguments.count, arguments.at_least))
    if arguments.history:
        sys.exit(_dialogues(arguments.data, arguments.standalone, arguments.at_least))
    sys.exit(_retrieval(arguments.data, arguments.run))


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


def _dialogues(data: Path, standalone: Path | None, at_least: float | None) -> int:
    from api_service.evaluation.dialogues import (
        dialogues,
        report,
        search_dialogues,
        turn_two_ratio,
    )
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
        found = asyncio.run(search_dialogues(asked, settings, _progress))
        sys.stdout.write(report(asked, found))
        for way, readings in found.items():
            _require(f"{way} turn-2 ratio", turn_two_ratio(asked, readings), at_least)

    return _status(measure)


def _answers(data: Path, others: Sequence[Path], count: int, at_least: float | None) -> int:
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
        _require("citation precision", asked.citation_precision, at_least)

    return _status(measure)


class _Missed(Exception):
    """A figure is below what was asked for."""


def _require(name: str, figure: float | None, at_least: float | None) -> None:
    if at_least is not None and (figure is None or figure < at_least):
        measured = "not measured" if figure is None else f"{figure:.4f}"
        raise _Missed(f"{name}: {measured}, and not at least {at_least}")


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
    except (BadSet, _Missed) as error:
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
