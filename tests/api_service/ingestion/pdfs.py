"""PDF files, written byte by byte: as they should be, and as they should not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Placed = tuple[float, float, str, float, str]
"""A line: from the left and from the bottom in points, its font (F1: Helvetica, F2: Courier,
F3: Helvetica-Bold), its size and its text."""

_FONTS = {"F1": b"Helvetica", "F2": b"Courier", "F3": b"Helvetica-Bold"}


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A line of the outline; `page` counts from 0."""

    title: str
    page: int
    below: tuple["Bookmark", ...] = ()


def lines(*texts: str, top: float = 720, font: str = "F1", size: float = 11) -> list[Placed]:
    """Place texts below each other."""
    return [(72, top - n * size * 1.2, font, size, text) for n, text in enumerate(texts)]


def pdf(
    pages: Sequence[Sequence[Placed]],
    *,
    title: str = "",
    outline: Sequence[Bookmark] = (),
    trailer: bytes = b"",
    drawn: Mapping[int, bytes] | None = None,
) -> bytes:
    """Return a PDF file with these lines on its pages; `drawn` is what else a page shows."""
    objects: list[bytes] = [b"", b"", *_fonts()]
    fonts = b" ".join(b"/%s %d 0 R" % (name.encode(), n + 3) for n, name in enumerate(_FONTS))
    kids: list[int] = []
    for number, placed in enumerate(pages):
        shown = (_drawn(line) for line in placed)
        content = b"\n".join((*shown, (drawn or {}).get(number, b"")))
        objects.append(b"<< /Length %d >> stream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources"
            b" << /Font << %s >> >> /Contents %d 0 R >>" % (fonts, len(objects))
        )
        kids.append(len(objects))
    root = _add_outline(objects, outline, kids) if outline else 0
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R%s >>" % (
        b" /Outlines %d 0 R" % root if root else b""
    )
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (
        b" ".join(b"%d 0 R" % kid for kid in kids),
        len(kids),
    )
    if title:
        objects.append(b"<< /Title (%s) >>" % title.encode("latin-1"))
        trailer += b" /Info %d 0 R" % len(objects)
    return assembled(objects, trailer)


def assembled(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Return a file of objects, numbered from 1, the first of them the catalogue."""
    body = b"%PDF-1.7\n"
    places: list[int] = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R%s >>\n"
        % (
            len(objects) + 1,
            table,
            len(objects) + 1,
            trailer,
        )
        + b"startxref\n%d\n%%%%EOF\n" % len(body)
    )


def _fonts() -> list[bytes]:
    return [
        b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>" % name
        for name in _FONTS.values()
    ]


def _drawn(line: Placed) -> bytes:
    left, bottom, font, size, text = line
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    shown = escaped.encode("cp1252")
    return b"BT /%s %f Tf %f %f Td (%s) Tj ET" % (font.encode(), size, left, bottom, shown)


def _add_outline(
    objects: list[bytes], outline: Sequence[Bookmark], kids: list[int], parent: int = 0
) -> int:
    """Append the objects of an outline; return the number of what they stand under."""
    if not parent:
        objects.append(b"")
        parent = len(objects)
    first = len(objects) + 1
    objects += [b""] * len(outline)
    for number, mark in enumerate(outline, first):
        below = b""
        if mark.below:
            start = len(objects) + 1
            _add_outline(objects, mark.below, kids, number)
            below = b" /First %d 0 R /Last %d 0 R" % (start, start + len(mark.below) - 1)
        after = b" /Next %d 0 R" % (number + 1) if number < first + len(outline) - 1 else b""
        objects[number - 1] = b"<< /Title (%s) /Parent %d 0 R /Dest [%d 0 R /Fit]%s%s >>" % (
            mark.title.encode("latin-1"),
            parent,
            kids[mark.page],
            below,
            after,
        )
    if not objects[parent - 1]:
        last = first + len(outline) - 1
        objects[parent - 1] = b"<< /Type /Outlines /First %d 0 R /Last %d 0 R >>" % (first, last)
    return parent
