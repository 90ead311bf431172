"""Cuts a page's Markdown into the sections that its headings begin."""

import re

from api_service.documents import Section
from api_service.ingestion.loaders.headings import Heading
from api_service.ingestion.loaders.masking import seen
from api_service.ingestion.loaders.tracing import Traced

_RULE = re.compile(r"(?:^|\n+[ \t]*\n)[ \t]*(?:-{3,}|\*{3,}|_{3,})\Z")


def sections(
    markdown: Traced, marks: list[Heading], title: str, *, has_first_level_anchors: bool = False
) -> tuple[Section, ...]:
    """Cut a page at its headings; a first-level one that repeats the title continues the opening.

    Args:
        markdown: The page.
        marks: Its headings, in order.
        title: The page's title, which begins every heading path.
        has_first_level_anchors: Docusaurus gives first-level headings none.
    """
    lines = markdown.text.split("\n")

    def body(start: int, end: int) -> Traced:
        return _body(Traced("\n".join(lines[start:end]), markdown.lines[start:end]))

    opening = body(0, marks[0].start if marks else len(lines))
    sections = [Section((title,), "", opening.text, opening.lines)] if opening.text else []
    above: list[Heading] = []
    for number, mark in enumerate(marks):
        end = marks[number + 1].start if number + 1 < len(marks) else len(lines)
        inside = body(mark.end, end)
        above = [heading for heading in above if heading.level < mark.level]
        if mark.level > 1 or mark.text.casefold() != title.casefold():
            above.append(mark)
        path = (title, *(heading.text for heading in above))
        anchor = mark.anchor if mark.level > 1 or has_first_level_anchors else ""
        if sections and not anchor and sections[-1].heading_path == path:
            before = sections.pop()
            inside = _joined(Traced(before.text, before.lines), inside)
        sections.append(Section(path, anchor, inside.text, inside.lines))
    return tuple(sections)


def _joined(first: Traced, second: Traced) -> Traced:
    if not first.text or not second.text:
        return first if first.text else second
    gap = (first.lines[-1],)
    return Traced(f"{first.text}\n\n{second.text}", (*first.lines, *gap, *second.lines))


def _body(text: Traced) -> Traced:
    body = text.with_text(seen(text.text)).trimmed()
    kept = _RULE.sub("", body.text)
    return Traced(kept, body.lines[: kept.count("\n") + 1])
