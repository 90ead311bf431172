"""What a text says once its disguise is off: look-alike letters, spaced words, simple encodings."""

import base64
import re
import unicodedata
from collections.abc import Iterator

_TAGS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}  # letters that nobody sees
_ALIKE = str.maketrans("аеорсухіјѕԁһӏԛԝмтвнкνοαρτυικ", "aeopcyxijsdhlqwmtbhkvoaptuik")
_DIGITS = str.maketrans("013457@$", "oieastas")
_WORD = re.compile(r"\w+")
_LATIN, _LOOKS_LATIN = re.compile("[a-z]"), re.compile("[\u0370-\u052f]")
_WITH_DIGITS = re.compile(r"\b(?=\w*[a-z])(?=[a-z]*[013457@$])[a-z013457@$]+")
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_SPACED = re.compile(r"\b(?:\w ){2,}\w\b")
_JOINTS = re.compile(r"(?<=\w)[_-]+(?=\w)")
_SPACES = re.compile(r"[^\S\n]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[ :]?){12,}")
_MOST = 20_000  # characters that are read


def readings(text: str) -> Iterator[str]:
    """Yield what a text may say, in small letters with single spaces; first as it stands."""
    text = text[:_MOST]
    said = plain(text)
    yield said
    for found in _BASE64.finditer(text):
        code = found[0].translate(str.maketrans("-_", "+/"))
        yield plain(base64.b64decode(code[: len(code) // 4 * 4]).decode("utf-8", "ignore"))
    for found in _HEX.finditer(text):
        code = re.sub(r"[ :]", "", found[0])
        yield plain(bytes.fromhex(code[: len(code) // 2 * 2]).decode("utf-8", "ignore"))


def plain(text: str) -> str:
    """Return a text in small letters as it is read aloud, without what only looks otherwise."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_TAGS))
        text = _UNSEEN.sub("", text).lower()
        text = _WORD.sub(lambda found: _unmixed(found[0]), text)
    text = text.lower()
    text = _SPACED.sub(lambda found: found[0].replace(" ", ""), text)
    text = _WITH_DIGITS.sub(lambda found: found[0].translate(_DIGITS), text)
    return _SPACES.sub(" ", _JOINTS.sub(" ", text))


def _unmixed(word: str) -> str:
    """Return a word of two alphabets in one; any other as it is."""
    mixed = _LATIN.search(word) and _LOOKS_LATIN.search(word)
    return word.translate(_ALIKE) if mixed else word
