"""The arguments of `book-eval`."""

import argparse
from pathlib import Path


def read_arguments() -> argparse.Namespace:
    """Return what the command line asks for; a wrong one ends the process with status 2."""
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
    retrieval.add_argument(
        "--at-least",
        type=_share,
        metavar="RATIO",
        help="with --standalone: fail where the turn-2 ratio is below it, such as 0.95",
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
    answers.add_argument(
        "--at-least",
        type=_share,
        metavar="SHARE",
        help="fail where fewer of the citations hold, such as 0.95",
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


def _share(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError("must be above 0, and at most 1")
    return number
