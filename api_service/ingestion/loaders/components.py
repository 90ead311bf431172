"""What the tags of components and of HTML say in words."""

import re

from api_service.ingestion.loaders.admonitions import admonition
from api_service.ingestion.loaders.tags import Tag

# Stand for the parts of an HTML table until it is written as Markdown.
CELL, ROW, TABLE, TABLE_END = "\ufdd4", "\ufdd5", "\ufdd6", "\ufdd7"

_BREAK = "\n\n"
_BLOCKS = re.compile(
    r"address|article|aside|blockquote|caption|center|dd|details|div|dl|dt|fieldset|figcaption"
    r"|figure|footer|form|h[1-6]|header|hfoptions|main|nav|ol|p|picture|pre|section|summary|tbody"
    r"|tfoot|thead|ul"
)
_SILENT = re.compile(
    r"audio|canvas|embed|head|iframe|math|noscript|object|script|style|svg|template|video"
    r"|Head|Video|You[Tt]ube"
)
_HIDDEN = re.compile(
    r"""(?:^|\s)hidden(?=\s|/|$)|(?:^|\s)hidden\s*=\s*(?:["']{2}|["']hidden["']|\{\s*true\s*\})"""
    r"""|\bstyle\s*=\s*(?:"[^"]*|'[^']*|\{[^}]*)(?:display["']?\s*:\s*["']?none"""
    r"""|visibility["']?\s*:\s*["']?hidden|(?:font-?size|opacity)["']?\s*:\s*["']?0(?![.\d]*[1-9]))""",
    re.IGNORECASE,
)
_ADMONITIONS = re.compile(r"Admonition|Callout|Caution|Danger|Important|Info|Note|Tip|Warning")
_TABS = re.compile(r"Tab|TabItem|hfoption")
_FIXED = {
    "br": "\n",
    "code": "`",
    "sup": "^",
    "hr": "\n\n---\n\n",
    "li": "\n- ",
    "table": TABLE,
    "tr": ROW,
    "td": CELL,
    "th": CELL,
}
_FIXED_CLOSING = {"code": "`", "table": TABLE_END}


def is_silent(name: str) -> bool:
    """Tell whether an element's content is nothing to read: films, frames, scripts, drawings."""
    return _SILENT.fullmatch(name) is not None


def is_hidden(tag: Tag) -> bool:
    """Tell whether nobody sees an element, by an attribute or its style, nor opened as tabs are."""
    return tag.attribute("role") != "tabpanel" and _HIDDEN.search(tag.attributes) is not None


def words(tag: Tag) -> str:
    """Return what a tag leaves in the text: a label, a break, a mark of Markdown, or nothing."""
    if tag.is_closing:
        return _closing_words(tag.name)
    if tag.name in _FIXED:
        return _FIXED[tag.name]
    if _ADMONITIONS.fullmatch(tag.name):
        return _admonition(tag)
    if _BLOCKS.fullmatch(tag.name):
        return _BREAK
    label = _label(tag)
    return f"{_BREAK}{label}{_BREAK}" if label and tag.name != "img" else label


def _label(tag: Tag) -> str:
    """Return a tab's name with a colon, an image's description, a component's title, or nothing."""
    if tag.name == "img":
        return tag.attribute("alt")
    if _TABS.fullmatch(tag.name):
        names = ("label", "title", "value", "id")
        return next((f"{name}:" for name in map(tag.attribute, names) if name), "")
    if tag.name[:1].isupper():
        return tag.attribute("title") or tag.attribute("label")
    return ""


def _closing_words(name: str) -> str:
    if name in _FIXED_CLOSING:
        return _FIXED_CLOSING[name]
    is_block = any(kind.fullmatch(name) for kind in (_BLOCKS, _ADMONITIONS, _TABS))
    return _BREAK if is_block else ""


def _admonition(tag: Tag) -> str:
    kind = tag.name if tag.name not in {"Admonition", "Callout"} else "Note"
    if re.search(r"\bwarning\b(?!\s*=\s*\{\s*false)", tag.attributes):
        kind = "Warning"
    return admonition(tag.attribute("type") or kind, tag.attribute("title"))
