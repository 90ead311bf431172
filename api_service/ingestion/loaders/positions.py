"""JSON whose strings know where in the file they begin."""

import json
import re
from bisect import bisect
from json import scanner
from json.decoder import scanstring  # type: ignore[attr-defined] # not in typeshed
from typing import Any

from api_service.ingestion.loaders.files import Unreadable

_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, as JSON may hold and no file


class Located(str):
    """A string, and the line of the file on which it begins, from 1."""

    __slots__ = ("line",)
    line: int


class _Decoder(json.JSONDecoder):
    """The standard library's decoder in Python, which alone lets a string be made by others."""

    def __init__(self, text: str) -> None:
        super().__init__(strict=False)
        ends = [match.start() for match in re.finditer("\n", text)]

        def parse_string(source: str, begin: int, strict: bool) -> tuple[Located, int]:  # noqa: FBT001 - the decoder's own call
            value, end = scanstring(source, begin, strict)
            located = Located(_SURROGATE.sub("\ufffd", value))
            located.line = bisect(ends, begin) + 1
            return located, end

        self.parse_string = parse_string
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined] # nor this


def parse(text: str) -> Any:  # noqa: ANN401 - any JSON, which its reader looks at member by member
    """Return what JSON holds; its strings, but for the names of members, are `Located`.

    Raises:
        Unreadable: It is not JSON, or nested too deep.
    """
    try:
        return _Decoder(text).decode(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"It is not JSON: {error.msg}.", error.lineno) from error
    except RecursionError as error:
        raise Unreadable("It is nested too deep.") from error
    except ValueError as error:  # a number of thousands of digits
        raise Unreadable(f"It is not JSON that can be read: {error}.") from error
