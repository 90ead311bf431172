"""Which characters the bytes of a page stand for.

Source: WHATWG Encoding and HTML, "determining the character encoding"; but for a page that declares
nothing, which there is windows-1252 and here UTF-8, as files are written now.
"""

import codecs
import re

from api_service.ingestion.loaders.files import Unreadable, decoded

_LOOKED_AT = 4096  # bytes
_DECLARED = re.compile(
    rb"<meta\b[^<>]*?\bcharset\s*=\s*[\"']?\s*(?P<meta>[\w.:+-]+)"
    rb"|\A\s*<\?xml\b[^<>]*?\bencoding\s*=\s*[\"'](?P<xml>[\w.:+-]+)",
    re.IGNORECASE,
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Of the names that Python knows only those that browsers know too.
_KNOWN = re.compile(
    r"big5|euc-(?:jp|kr)|gb(?:k|2312|18030)|iso-(?:2022-jp|8859-\d{1,2})|koi8-[ru]|latin1"
    r"|macintosh|shift_jis|us-ascii|utf-?8|windows-\d{3,4}"
)
_WESTERN = frozenset({"iso-8859-1", "latin1", "us-ascii"})  # by the standard all windows-1252


def text(data: bytes) -> str:
    """Return a page's text, decoded as its first bytes or its head say.

    Raises:
        Unreadable: It is not in that encoding, or nobody knows it.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return decoded(data, encoding)
    match = _DECLARED.search(data, 0, _LOOKED_AT)
    if match is None:
        return decoded(data, "utf-8")
    name = (match["meta"] or match["xml"]).decode("ascii", "replace").lower()
    if name.startswith("utf-16"):  # it could not have been read
        name = "utf-8"
    if not _KNOWN.fullmatch(name):
        line = data.count(b"\n", 0, match.start()) + 1
        raise Unreadable(f"It names the encoding {name[:40]}, which is not known.", line)
    return decoded(data, "windows-1252" if name in _WESTERN else name)
