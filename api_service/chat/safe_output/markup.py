"""The Markdown of an answer made harmless: no links but to the book, no images, no HTML.

What would be markup is parted by a space, so that it renders as the text it is; an address
elsewhere becomes an ellipsis. Code is left alone where every renderer agrees that it is code, a
span only where it begins and ends on one line with nothing doubtful before it.
"""

import re
from collections.abc import Callable

from api_service.chat.safe_output.addresses import OMITTED, Addresses
from api_service.chat.safe_output.fences import DRAWN, Fences

# Nobody sees them: they could carry words past the reader, or turn a line's direction. Letters that
# join or part others stay (\u200c and \u200d), and so do the two that choose an emoji's look.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e"
    "\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("(?<=[\u200c\u200d])[\u200c\u200d]+")  # one joins; more count in bits
_SPECIAL = re.compile(r"[\n`~\\$<&\[(:@.]")
_RUN = re.compile(r"`+|~+")
_SPAN_END = re.compile(r"[`\n|]")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|nbsp);)#?\w{1,31};")
_OPEN_ENTITY = re.compile(r"&#?\w{0,31}\Z")
_TARGET = re.compile(r"""\((?P<to>[^\s()<>\\"`]{0,500})\)""")
_OPEN_TARGET = re.compile(r"""\([^\s()<>\\"`]{0,500}\Z""")
_SLASHES = re.compile(r":(?:\\?/){2}")
_OPEN_SLASHES = re.compile(r":(?:\\?/?){0,2}\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
_REST = re.compile(r"""[^\s<>()\[\]{}|"`]*""")
_DOMAIN = re.compile(r"@[\w.\-]*")
_MAILBOX = re.compile(r"[\w.+\-]\\?\Z")
# A site's name that nothing marks as an address, as some renderers link it: evil.com, evil.io/x;
# but not node.js, main.py or robot.link.
_SITE = re.compile(  # behind its first full stop
    r"(?:[\w\-]+\.)*?(?:(?:com|net|org|edu|gov|info|biz|example)(?![\w\-])"
    r"|(?:ai|app|co|de|dev|eu|io|me|link|site|online|page|pk|ru|top|uk|us|xyz)(?=/[^\s.,;:!?]))",
    re.IGNORECASE,
)
_OPEN_SITE = re.compile(r"[\w.\-]*/?\Z")
_SITE_BEGUN = re.compile(r"(?<![\w.\-])[\w.\-]*[\w\-]\\*\.\Z")  # one begin a run, for speed
_MACRO = re.compile(r"\\(?=href|url|include|html|require|class|cssId|style)")  # TeX that leads away
_OPEN_MACRO = re.compile(r"\\[A-Za-z]{0,7}\Z")
_CONTAINER = re.compile(r"[\s>*+\-\d.)]*")
_TAIL = 200  # characters of what has left that are looked back at
_LONGEST_SPAN = 300
_SHORTEST_FENCE = 3


class _More(Exception):
    """More of the answer must be known."""


class Markup:
    """Reads one answer in pieces, wherever they are cut."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._fences = Fences()
        self._text = ""
        self._place = 0
        self._tail = ""
        self._is_complete = False
        self._at_line = True
        self._in_code = False
        self._spans_hold = True
        self._steps: dict[str, Callable[[], str]] = {
            "\n": self._line_end,
            "`": self._marks,
            "~": self._marks,
            "\\": self._backslash,
            "$": self._dollar,
            "<": self._angle,
            "&": self._ampersand,
            "[": self._bracket,
            "(": self._parenthesis,
            ":": self._colon,
            "@": self._at,
            ".": self._stop,
        }

    def feed(self, piece: str) -> str:
        """Return what of the answer so far is certain and has not been returned before."""
        piece = _INVISIBLE.sub("", piece)
        if not piece.isascii():
            before = (self._tail + self._text)[-1:]
            piece = _JOINERS.sub("", before + piece)[len(before) :]
        open_ = self._text or self._at_line or self._in_code or self._tail.endswith(".")
        if not (open_ or _SPECIAL.search(piece)):
            self._tail = (self._tail + piece)[-_TAIL:]
            return piece
        self._text += piece
        return self._read()

    def finish(self) -> str:
        """Return the rest."""
        self._is_complete = True
        return self._read()

    def _read(self) -> str:
        out: list[str] = []
        self._place = 0
        while self._place < len(self._text):
            try:
                said = self._next()
            except _More:
                break
            out.append(said)
            self._tail = (self._tail + said)[-_TAIL:]
        self._text = self._text[self._place :]
        return "".join(out)

    def _next(self) -> str:
        if self._at_line:
            return self._line_start()
        if self._in_code:
            return self._code()
        if self._tail.endswith(".") and (said := self._site()) is not None:
            return said
        found = _SPECIAL.search(self._text, self._place)
        start = found.start() if found else len(self._text)
        return self._taken(start) if start > self._place else self._steps[self._text[start]]()

    def _taken(self, end: int, said: str | None = None) -> str:
        """Read up to end; return what is said there, as it stands if nothing else is given."""
        start, self._place = self._place, end
        return self._text[start:end] if said is None else said

    def _match(self, pattern: re.Pattern[str], start: int | None = None) -> int:
        """Return where what matches ends, -1 where nothing does."""
        found = pattern.match(self._text, self._place if start is None else start)
        return found.end() if found else -1

    def _require(self, *, beyond: int) -> None:
        """Make sure that something follows a place, or that the answer ends there."""
        if beyond >= len(self._text) and not self._is_complete:
            raise _More

    def _line_start(self) -> str:
        end = self._text.find("\n", self._place)
        line = self._text[self._place : end if end >= 0 else None]
        if end < 0 and not self._is_complete and self._fences.is_undecided(line):
            raise _More
        self._at_line = False
        self._in_code = self._fences.begin(line)
        if self._in_code or not line.strip():
            self._spans_hold = True
        return ""

    def _line_end(self) -> str:
        self._at_line, self._in_code = True, False
        return self._taken(self._place + 1)

    def _code(self) -> str:
        if self._text[self._place] == "\n":
            return self._line_end()
        end = self._text.find("\n", self._place)
        if end < 0:
            end = len(self._text)
            if not self._is_complete:  # the last word may yet become an address
                end -= len(re.split(r"\s", self._text[self._place :])[-1])
            if end == self._place:
                raise _More
        return self._addresses.kept_in_code(self._taken(end))

    def _marks(self) -> str:
        """Read backticks with the code in them, or tildes."""
        opened = self._match(_RUN)
        self._require(beyond=opened)
        marks = self._text[self._place : opened]
        if len(marks) >= _SHORTEST_FENCE:  # in a list's item or a quote, it may be a fence
            self._fences.distrust()
            return self._undrawn(opened)
        if marks[0] == "`" and self._spans_hold:
            closed = self._span_end(marks, opened)
            if closed > 0:
                return self._addresses.kept_in_code(self._taken(closed))
        self._spans_hold = self._spans_hold and marks[0] == "~"
        return self._taken(opened)

    def _undrawn(self, opened: int) -> str:
        """Read a fence's marks without the name of what draws the code in it, and its links."""
        end = self._text.find("\n", opened)
        if end < 0:
            self._require(beyond=len(self._text))
            end = len(self._text)
        drawn = DRAWN.search(self._text, opened, end)
        marks = self._text[self._place : opened]
        return self._taken(end, marks) if drawn else self._taken(opened)

    def _span_end(self, marks: str, opened: int) -> int:
        """Return where a span of code ends, -1 where it is none to every renderer."""
        stop = _SPAN_END.search(self._text, opened, opened + _LONGEST_SPAN)
        if stop is None:
            self._require(beyond=opened + _LONGEST_SPAN - 1)
        if stop is None or stop[0] != "`":
            return -1
        closed = self._match(_RUN, stop.start())
        self._require(beyond=closed)
        return closed if closed - stop.start() == len(marks) else -1

    def _backslash(self) -> str:
        after = self._place + 1
        if self._match(_OPEN_MACRO) > 0 and not self._is_complete:
            raise _More
        if self._match(_MACRO) > 0:
            return self._taken(after, "\\ ")
        return self._taken(after + (self._text[after : after + 1] in {"`", "\\"}))

    def _dollar(self) -> str:
        self._spans_hold = False  # a formula may hold a backtick
        return self._taken(self._place + 1)

    def _angle(self) -> str:
        self._require(beyond=self._place + 1)
        tag = self._match(_TAG) > 0
        return self._taken(self._place + 1, "< " if tag else "<")

    def _ampersand(self) -> str:
        if self._match(_OPEN_ENTITY) > 0 and not self._is_complete:
            raise _More
        entity = self._match(_ENTITY) > 0  # a browser reads what it stands for, we do not
        return self._taken(self._place + 1, "& " if entity else "&")

    def _bracket(self) -> str:
        return self._taken(self._place + 1, " [" if self._tail.endswith("!") else "[")

    def _parenthesis(self) -> str:
        if not self._tail.endswith("]"):
            return self._taken(self._place + 1)
        if self._match(_OPEN_TARGET) > 0 and not self._is_complete:
            raise _More
        target = _TARGET.match(self._text, self._place)
        if target is None:
            return self._taken(self._place + 1, " (")
        own = self._addresses.may_be_linked(target["to"])
        return self._taken(target.end(), None if own else f" ({OMITTED})")

    def _colon(self) -> str:
        if self._match(_OPEN_SLASHES) > 0 and not self._is_complete:
            raise _More
        end = self._match(_SLASHES)
        if end < 0:
            return self._taken(self._place + 1, " :" if self._may_define() else ":")
        scheme = _SCHEME.search(self._tail)
        if scheme is None:
            return self._taken(self._place + 1, " :" if self._may_define() else ": ")
        end = self._match(_REST, end)
        self._require(beyond=end)
        address = scheme[0] + self._text[self._place : end]
        own = self._addresses.are_own(address, self._text[end : end + 1])
        return self._taken(end, None if own else OMITTED)

    def _may_define(self) -> bool:
        """Tell whether a colon now may name a target for a [label] elsewhere in the answer."""
        if not self._tail.endswith("]"):
            return False
        before, _, label = self._tail.rpartition("\n")[2].rpartition("[")
        return not label[:-1].isdigit() or _CONTAINER.fullmatch(before) is not None

    def _at(self) -> str:
        end = self._match(_DOMAIN)
        self._require(beyond=end)
        mail = "." in self._text[self._place : end].rstrip(".") and _MAILBOX.search(self._tail)
        return self._taken(end, f"@{OMITTED}") if mail else self._taken(self._place + 1)

    def _stop(self) -> str:
        if not self._tail.rstrip("\\").lower().endswith("www"):
            return self._taken(self._place + 1)
        end = self._match(_REST)
        self._require(beyond=end)
        return self._taken(end, OMITTED)

    def _site(self) -> str | None:
        """Read the rest of a site's name; None where what has left begins none."""
        begun = _SITE_BEGUN.search(self._tail)
        if begun is None:
            return None
        if self._match(_OPEN_SITE) > 0 and not self._is_complete:
            raise _More
        if self._match(_SITE) < 0:
            return None
        end = self._match(_REST)
        self._require(beyond=end)
        named = f"//{begun[0]}{self._text[self._place : end]}"
        after = self._text[end : end + 1]
        own = any(self._addresses.are_own(f"{way}:{named}", after) for way in ("https", "http"))
        return self._taken(end, None if own else OMITTED)
