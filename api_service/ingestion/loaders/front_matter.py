"""What a page says about itself before its text, between two lines of "---"."""

import re

import yaml

from api_service.ingestion.loaders.docusaurus import FrontMatter
from api_service.ingestion.loaders.files import Unreadable

_OPENING = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*$\n?", re.MULTILINE)

_LONGEST = 100_000
_MOST_MERGED = 200
_KIND = "tag:yaml.org,2002:"
_RENEWED = frozenset(f"{_KIND}{kind}" for kind in ("bool", "int", "float", "timestamp"))
_CORE = (
    (f"{_KIND}bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    (f"{_KIND}int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")),
    (
        f"{_KIND}float",
        re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
        list("-+0123456789."),
    ),
)


class _Loader(yaml.SafeLoader):
    """Reads YAML 1.2 as Docusaurus does: "no" and "12:30" are texts, and so are days.

    It is not the C loader, which crashes the process on values nested very deep.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - what PyYAML calls it
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _RENEWED]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge what "<<" names, which a few lines can make double again and again."""
        super().flatten_mapping(node)
        if len(node.value) > _MOST_MERGED:
            problem = f"more than {_MOST_MERGED} members are merged into one"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


for _tag, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(_tag, _pattern, _first)


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
        values = yaml.load(text[opening.end() : closing.start()], _Loader)  # noqa: S506 - a safe one
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
    except (LookupError, AttributeError, TypeError, ArithmeticError) as error:
        # PyYAML's, of a value that is not what its tag says, as in "title: !!bool x".
        raise Unreadable("The front matter holds a value that is not of its own kind.") from error
