"""Reads Markdown line by line, to judge chunks by it, with nothing of the loaders or the chunker.

A measure made of the code it measures would agree with every mistake of it. This reading knows
headings, fences, tables and what a site alone needs, and nothing else.
"""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(?P<marks>`{3,}|~{3,})(?P<info>[^`\n]*)$")
_HEADING = re.compile(r"^[ \t]*(?P<level>#{1,6})[ \t]+(?P<text>\S.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r"^[ ]{0,3}(?P<mark>=+|-{2,})[ \t]*$")
_DELIMITERS = re.compile(r"^[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_NO_PARAGRAPH = re.compile(r"^[ \t]*(?:[-*+>|]|\d+[.)][ \t]|$)")
_MODULE = re.compile(
    r"^(?:import[ \t]*(?:['\"{*]|\w+[ \t]*(?:,|\bfrom\b))"
    r"|export[ \t]*(?:[{*]|(?:default|const|let|var|function|async|class)\b))"
)
_SILENT = "audio|canvas|embed|iframe|math|noscript|object|script|style|svg|template|video|Video"
_UNSEEN = re.compile(
    r"<!--.*?-->|\{/\*.*?\*/\}"
    rf"|<(?P<name>{_SILENT})\b[^<>]*(?<!/)>.*?</(?P=name)>",
    re.DOTALL,
)
_TITLE = re.compile(r"^title:[ \t]*(?P<quote>['\"]?)(?P<title>.+?)(?P=quote)[ \t]*$", re.MULTILINE)
_PLAIN = str.maketrans("<>{}", "    ")
_WORD = re.compile(r"[^\W_]+")
_MARKUP = re.compile(
    r"\[\[[^\[\]\n]*\]\]|\{#[^{}\n]*\}"  # ids of headings
    r"|(?<=\])\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)"  # where links lead
    r"|(?<=\]:)[ \t]*\S+"
    r"|</?[A-Za-z](?:[^<>\n]|\n(?!\n))*>|\{[^{}\n]*\}"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line with something to read.

    Attributes:
        number: In the file, from 1.
        path: The headings above it, from the first level down, as written but for links, tags and
            ids; a heading's own included.
        words: As `words` gives them.
    """

    number: int
    path: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Block:
    """A fence or a table.

    Attributes:
        path: The headings above it.
        text: As it stands in the file.
        body: What makes two of them the same: a fence's info and its lines without indentation, a
            table's words.
    """

    path: tuple[str, ...]
    text: str
    body: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page consists of.

    Attributes:
        modules: The lines of imports, exports and front matter.
        is_markdown: Otherwise its words hold no markup, and its fences name no language.
    """

    title: str
    lines: tuple[Line, ...]
    fences: tuple[Block, ...]
    tables: tuple[Block, ...]
    modules: frozenset[str]
    is_markdown: bool = True


def words(text: str) -> str:
    """Return the words of Markdown, parted by single spaces, in lower case, without markup."""
    return " ".join(_WORD.findall(_MARKUP.sub(" ", text))).casefold()


def plain(text: str) -> str:
    """Return text in which nothing looks like a tag or an expression."""
    return text.translate(_PLAIN)


def read(text: str, *, above: tuple[str, ...] = (), known: frozenset[str] | None = None) -> Reading:
    """Read a page, or a chunk of one.

    Args:
        text: Markdown or MDX.
        above: The headings it stands under; the first one, a page's title, is of the first level.
        known: The words of every heading there can be: a chunk that begins within a fence has
            comments that look like headings.
    """
    lines = text.split("\n")
    title, modules = _drop_front_matter(lines)
    inside = _fenced(lines)
    fenced = {n for first, end in inside for n in range(first, end)}
    prose = _seen([("" if n in fenced else line) for n, line in enumerate(lines)])
    modules |= _drop_modules(prose)
    paths, headings = _paths(prose, above, known)
    tables = _tables(prose)
    fences = tuple(
        Block(paths[first], "\n".join(lines[first:end]), _fence_body(lines[first:end]))
        for first, end in inside
    )
    spoken = _spoken(prose)
    seen = [lines[n] if n in fenced else spoken[n] for n in range(len(lines))]
    first_heading = next((paths[n][0] for n in headings if len(paths[n]) == 1), "")
    return Reading(
        title=title or first_heading,
        lines=tuple(
            Line(n + 1, paths[n], said)
            for n, line in enumerate(seen)
            if (said := " ".join(_WORD.findall(line)).casefold())
            and not (n in fenced and _FENCE.match(line))
        ),
        fences=fences,
        tables=tuple(
            Block(paths[first], "\n".join(lines[first:end]), words("\n".join(prose[first:end])))
            for first, end in tables
        ),
        modules=frozenset(modules),
    )


def _drop_front_matter(lines: list[str]) -> tuple[str, set[str]]:
    """Blank the front matter; return the title it gives, and its lines."""
    if lines[0].rstrip() != "---":
        return "", set()
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
    inside = lines[1:end]
    lines[: end + 1] = [""] * (end + 1)
    found = _TITLE.search("\n".join(inside))
    return (found["title"] if found else ""), {line.strip() for line in inside if line.strip()}


def _fenced(lines: list[str]) -> list[tuple[int, int]]:
    """Return the first line of each fence, and the line after its last."""
    found: list[tuple[int, int]] = []
    first, marks = -1, ""
    for number, line in enumerate(lines):
        opening = _FENCE.match(line)
        if not marks and opening:
            first, marks = number, opening["marks"]
        elif marks and _closes(line, marks):
            found.append((first, number + 1))
            marks = ""
    if marks:
        found.append((first, len(lines)))
    return found


def _closes(line: str, marks: str) -> bool:
    bare = line.strip(" \t>")
    return bare.startswith(marks) and not bare.strip(marks[0])


def _fence_body(lines: list[str]) -> str:
    opening = _FENCE.match(lines[0])
    info = opening["info"].strip() if opening else ""
    closed = len(lines) > 1 and opening and _closes(lines[-1], opening["marks"])
    body = lines[1:-1] if closed else lines[1:]
    return "\n".join((info, *(line.strip(" \t>") for line in body)))


def _seen(prose: list[str]) -> list[str]:
    """Blank comments, films and scripts, and keep the lines where they are."""
    text = "\n".join(prose)
    return _UNSEEN.sub(lambda match: "\n" * match[0].count("\n"), text).split("\n")


def _spoken(prose: list[str]) -> list[str]:
    text = _MARKUP.sub(lambda match: " " + "\n" * match[0].count("\n"), "\n".join(prose))
    return text.split("\n")


def _drop_modules(prose: list[str]) -> set[str]:
    """Blank imports and exports up to the next empty line; return their lines."""
    dropped: set[str] = set()
    above = ""
    is_inside = False
    for number, line in enumerate(prose):
        starts = _MODULE.match(line) and (is_inside or not above.strip())
        is_inside = bool(line.strip()) and (is_inside or bool(starts))
        above = line
        if is_inside:
            dropped.add(line.strip())
            prose[number] = ""
    return dropped


def _paths(
    prose: list[str], above: tuple[str, ...], known: frozenset[str] | None
) -> tuple[list[tuple[str, ...]], list[int]]:
    """Return the headings above each line, and which lines are headings."""
    stack = list(enumerate(above, 1))
    paths: list[tuple[str, ...]] = []
    found: list[int] = []
    for number, line in enumerate(prose):
        match = _HEADING.match(line)
        below = prose[number + 1] if number + 1 < len(prose) else ""
        underline = _UNDERLINE.match(below) if not _NO_PARAGRAPH.match(line) else None
        level, text = 0, ""
        if match:
            level, text = len(match["level"]), match["text"]
        elif underline and _underlines(prose, number):
            level, text = 1 if underline["mark"][0] == "=" else 2, line
        if level and (known is None or words(text) in known):
            stack = [(depth, heading) for depth, heading in stack if depth < level]
            stack.append((level, " ".join(_MARKUP.sub(" ", text).split())))
            found.append(number)
        paths.append(tuple(heading for _, heading in stack))
    return paths, found


def _underlines(prose: list[str], number: int) -> bool:
    """Tell a heading of one line from a paragraph that a rule follows."""
    return number == 0 or not prose[number - 1].strip()


def _tables(prose: list[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    number = 1
    while number < len(prose):
        if "|" in prose[number] and _DELIMITERS.match(prose[number]) and "|" in prose[number - 1]:
            end = number + 1
            while end < len(prose) and "|" in prose[end]:
                end += 1
            found.append((number - 1, end))
            number = end
        number += 1
    return found
