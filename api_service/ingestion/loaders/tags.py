"""JSX and HTML tags in a page's text: finding them and pairing them."""

import re
from bisect import bisect
from dataclasses import dataclass

_TAG_START = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][\w.:-]*)?(?=[\s/>{]|$)")
_ATTRIBUTE = re.compile(
    r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|\{\s*(?:"([^"]*)"|'([^']*)'|([^{}]*))\s*\})"""
)
# Lower-case names of HTML and of doc-builder; one without its partner is forgiven.
_HTML = re.compile(
    r"a|abbr|address|area|article|aside|audio|b|bdi|bdo|big|blockquote|br|button|canvas|caption|center"
    r"|cite|code|col|colgroup|data|dd|del|details|dfn|div|dl|dt|em|embed|fieldset|figcaption|figure"
    r"|font|footer|form|h[1-6]|head|header|hfoptions?|hr|i|iframe|img|input|ins|kbd|label|li|main"
    r"|mark|math|nav|noscript|object|ol|p|picture|pre|q|s|samp|script|section|small|source|span"
    r"|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|tfoot|th|thead|time|tr|track"
    r"|tt|u|ul|var|video|wbr"
)


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag in a text: <name attributes>, </name> or <name attributes />."""

    start: int
    end: int
    name: str
    attributes: str
    is_closing: bool
    is_alone: bool

    def attribute(self, name: str) -> str:
        """Return an attribute's value, "" if it is absent or computed."""
        for key, *values in _ATTRIBUTE.findall(self.attributes):
            if key == name:
                return next((value for value in values if value), "").strip()
        return ""


@dataclass(frozen=True, slots=True)
class Element:
    """An opening tag with its closing tag; alone, there is no second one."""

    opening: Tag
    closing: Tag | None


def tags(text: str, braces: dict[int, int]) -> list[Tag]:
    """Find the tags of a text.

    Args:
        text: With code masked.
        braces: Where each "{" is closed: positions of matching braces.
    """
    found: list[Tag] = []
    position = 0
    blanks = [match.start() for match in re.finditer(r"\n[ \t]*\n", text)]
    while match := _TAG_START.search(text, position):
        index = bisect(blanks, match.start())
        limit = blanks[index] if index < len(blanks) else len(text)
        end = _tag_end(text, match.end(), limit, braces)
        escaped = match.start() > 0 and text[match.start() - 1] == "\\"
        if end is None or escaped:
            position = match.end()
            continue
        inside = text[match.end() : end - 1]
        found.append(
            Tag(
                start=match.start(),
                end=end,
                name=match["name"] or "",
                attributes=inside,
                is_closing=bool(match["close"]),
                is_alone=inside.endswith("/"),
            )
        )
        position = end
    return found


def _tag_end(text: str, position: int, limit: int, braces: dict[int, int]) -> int | None:
    while position < limit:
        character = text[position]
        if character == ">":
            return position + 1
        if character == "<":
            return None
        if character in "\"'":
            closing = text.find(character, position + 1, limit)
            if closing < 0:
                return None
            position = closing + 1
        elif character == "{":
            if position not in braces:
                return None
            position = braces[position] + 1
        else:
            position += 1
    return None


def elements(found: list[Tag]) -> list[Element]:
    """Pair tags; a component's tag without its partner is no element, so it stays as text.

    HTML forgives a missing tag, and so does this.
    """
    result: list[Element] = []
    is_open: list[Tag] = []
    depths: dict[str, int] = {}
    for tag in found:
        if tag.is_closing:
            if not depths.get(tag.name):
                result += [Element(tag, None)] if _HTML.fullmatch(tag.name) else []
                continue
            while (opening := is_open.pop()).name != tag.name:
                depths[opening.name] -= 1
                result += [Element(opening, None)] if _HTML.fullmatch(opening.name) else []
            depths[tag.name] -= 1
            result.append(Element(opening, tag))
        elif tag.is_alone:
            result.append(Element(tag, None))
        else:
            is_open.append(tag)
            depths[tag.name] = depths.get(tag.name, 0) + 1
    result += [Element(tag, None) for tag in is_open if _HTML.fullmatch(tag.name)]
    return result
