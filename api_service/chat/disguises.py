"""What a text says once its disguise is off: look-alike letters, spaced words, simple encodings."""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote

_TAGS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}  # letters that nobody sees
_SQUARED = {
    first + place: chr(ord("a") + place)
    for first in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)  # in squares, circles, and as half a flag
    for place in range(26)
}
_SMALL = dict(zip(map(ord, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ"), "abcdefghijklmnopqrstuvwyz", strict=True))
_UPSIDE_DOWN = str.maketrans(
    "ɐqɔpǝɟƃɥᴉıɾʞɯudbɹʇnʌʍʎ",  # noqa: RUF001 -- that is what they are for
    "abcdefghiijkmnpqrtuvwy",
)
_OTHER_FORMS = _TAGS | _SQUARED | _SMALL
ALIKE = str.maketrans("аеорсухіјѕԁһӏԛԝмтвнкνοαρτυικ", "aeopcyxijsdhlqwmtbhkvoaptuik")
"""Letters of Greek and Cyrillic that look like Latin ones, as `str.translate` takes them."""

_DIGITS = str.maketrans("013457@$", "oieastas")
_WORD = re.compile(r"\w+")
_LATIN, _LOOKS_LATIN = re.compile("[a-z]"), re.compile("[\u0370-\u052f]")
_WITH_DIGITS = re.compile(r"\b(?=\w*[a-z])(?=[a-z]*[013457@$])[a-z013457@$]+")
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
# Of Latin letters; of others they make other letters.
_ACCENTS = re.compile(r"(?<=[a-z\s])[\u0300-\u036f]+")
_BROKEN = re.compile(r"(?<=[^\W\d_]{2})[-\u2010]\n\s*(?=[a-z])")
_EMPHASIS = re.compile(r"(?<=\w)[*`~]+(?=\w)|(?<![\w*`~])[*`~]+(?=\w)|(?<=\w)[*`~]+(?!\w)")
_SPACED = re.compile(r"\b\w([ .,|/-])\w(?:\1\w)+\b")
_LETTERED = re.compile(r"(?<![^\W_])[^\W_](?:_[^\W_])+(?![^\W_])")
_JOINTS = re.compile(r"(?<=\w)[_-]+(?=\w)")
_SPACES = re.compile(r"[^\S\n]+")
_MOST = 20_000  # characters that are read
_DEEPEST = 2  # codes within each other


def readings(text: str) -> Iterator[str]:
    """Yield what a text may say, in small letters with single spaces; first as it stands."""
    text = text[:_MOST]
    yield plain(text)
    for said in _decoded(text, _DEEPEST):
        yield plain(said)
    if not text.isascii() and any(letter in text for letter in "ǝɐɹʇ"):
        yield plain(text.translate(_UPSIDE_DOWN)[::-1])


def plain(text: str) -> str:
    """Return a text in small letters as it is read aloud, without what only looks otherwise."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_OTHER_FORMS))
        text = _UNSEEN.sub("", text).lower()
        text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
        text = unicodedata.normalize("NFC", text)
        text = _WORD.sub(lambda found: _unmixed(found[0]), text)
    text = _EMPHASIS.sub("", _BROKEN.sub("", text.lower()))
    text = _SPACED.sub(lambda found: found[0].replace(found[1], ""), text)
    text = _LETTERED.sub(lambda found: found[0].replace("_", ""), text)
    text = _WITH_DIGITS.sub(lambda found: found[0].translate(_DIGITS), text)
    return _SPACES.sub(" ", _JOINTS.sub(" ", text))


def _unmixed(word: str) -> str:
    """Return a word of two alphabets in one; any other as it is."""
    mixed = _LATIN.search(word) and _LOOKS_LATIN.search(word)
    return word.translate(ALIKE) if mixed else word


def _decoded(text: str, deep: int) -> Iterator[str]:
    """Yield what stands in a text in a code, and in a code within that."""
    if _SPELLED.search(text):
        said = _respelled(text)
        yield said
        if deep > 1:
            yield from _decoded(said, deep - 1)
    for written, read in _CODES:
        for found in written.finditer(text):
            said = read(found[0])
            yield said
            if deep > 1:
                yield from _decoded(said, deep - 1)


def _respelled(text: str) -> str:
    """Return a text with the characters in it that entities, per cent signs or escapes spell."""
    text = html.unescape(unquote(text))
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)


def _base64(code: str) -> str:
    code = code.translate(str.maketrans("-_", "+/"))
    return base64.b64decode(code[: len(code) // 4 * 4]).decode("utf-8", "ignore")


def _base32(code: str) -> str:
    try:
        return base64.b32decode(code[: len(code) // 8 * 8]).decode("utf-8", "ignore")
    except binascii.Error:
        return ""


def _hexadecimal(code: str) -> str:
    digits = re.sub(r"[ :]", "", code)
    return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "ignore")


def _binary(code: str) -> str:
    octets = re.findall(r"[01]{8}", code.replace(" ", ""))
    return bytes(int(each, 2) for each in octets).decode("utf-8", "ignore")


def _decimal(code: str) -> str:
    return "".join(chr(int(each)) for each in re.findall(r"\d+", code))


_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4}))")
_SPELLED = re.compile(r"&#?\w{2,8};|%[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}")
_CODES: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"[A-Za-z0-9+/_-]{24,}"), _base64),
    (re.compile(r"[A-Z2-7]{24,}"), _base32),
    (re.compile(r"(?:[0-9A-Fa-f]{2}[ :]?){12,}"), _hexadecimal),
    (re.compile(r"(?:[01]{8} ?){12,}"), _binary),
    (re.compile(r"(?:\b(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6])\b[ ,]{0,2}){12,}"), _decimal),
)
