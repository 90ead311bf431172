"""What a page says about itself before its text, between two lines of "---"."""

import re

import yaml

from api_service.ingestion.loaders.docusaurus import FrontMatter
from api_service.ingestion.loaders.files import Unreadable

_OPENING = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*$\n?", re.MULTILINE)

_LONGEST = 100_000


def part(text: str) -> tuple[FrontMatter, str]:
    """Part a page's front matter from its text.

    Raises:
        Unreadable: It is not closed, is no YAML, or holds what cannot be meant.
    """
    opening = _OPENING.match(text)
    if opening is None:
        return FrontMatter(), text
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        raise Unreadable('The front matter is not closed by a line of "---".', 1)
    if closing.start() > _LONGEST:
        raise Unreadable(f"The front matter is longer than {_LONGEST} characters.", 1)
    try:
        # Not the C loader, which crashes the process on values nested very deep.
        values = yaml.safe_load(text[opening.end() : closing.start()])
        if not isinstance(values, dict | None):
            raise Unreadable("The front matter must consist of names with values.", 2)
        return FrontMatter.from_mapping(values or {}), text[closing.end() :]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else None
        raise Unreadable(f"The front matter is not YAML: {error.problem}.", line) from error
    except yaml.YAMLError as error:
        raise Unreadable("The front matter is not YAML.") from error
    except RecursionError as error:
        raise Unreadable("The front matter is nested too deep.") from error
    except ValueError as error:
        raise Unreadable(f"The front matter cannot be read: {error}.") from error
