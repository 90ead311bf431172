"""Pages put into pages by a line of text: `!!!include(x.md)!!!` and `:::{include} x.md`.

Source: the syntaxes of markdown-it-include and of MyST's include directive.
"""

import re
from collections.abc import Callable

from api_service.ingestion.loaders.masking import Masks
from api_service.ingestion.loaders.tracing import LineIndex, Traced

_INCLUDE = re.compile(
    r"^[ \t]*(?:"
    r"!!![ \t]*include[ \t]*\([ \t]*(?P<quote>['\"]?)(?P<marked>[^()'\"\n]+)(?P=quote)"
    r"[ \t]*\)[ \t]*!!!"
    r"|(?P<colons>:{3,})[ \t]*(?:\{include\}|include)[ \t]+(?P<directed>[^\s{}]+)"
    r"(?:[ \t]*\n[ \t]*(?P=colons)(?=[ \t]*$))?"
    r")[ \t]*$",
    re.MULTILINE,
)


def with_includes(text: Traced, included: Callable[[str, int], str | None], masks: Masks) -> Traced:
    """Return text with the pages it includes in their places; one that cannot be had is left out.

    Args:
        text: With code masked.
        included: Takes a path as an import names it, such as "./x.md", and the line it stands on;
            returns Markdown.
        masks: Takes that Markdown, which is not to be rewritten again.
    """
    index = LineIndex(text)

    def page(match: re.Match[str]) -> Traced | str:
        target = (match["marked"] or match["directed"]).strip()
        if not target.startswith((".", "@site/")):
            target = f"./{target}"
        line = index.line(match.start())
        inside = included(target, line)
        if inside is None:
            return ""
        block = Traced(inside, ((line, line),) * (inside.count("\n") + 1))
        return f"\n\n{masks.block(block)}\n\n"

    return text.sub(_INCLUDE, page)
