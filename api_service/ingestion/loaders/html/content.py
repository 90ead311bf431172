"""Which part of a page is its content: no navigation, no head or foot of the site."""

import re

from api_service.ingestion.loaders.html.tree import Element, without

_CHROME_ROLES = frozenset(
    {"banner", "contentinfo", "dialog", "menu", "menubar", "navigation", "search", "toolbar"}
)
_PERMALINK = re.compile(r"[\W_]*")


def content(page: Element) -> Element:
    """Return the element that holds what the page is about.

    That is its `main`, or its only `article`, without what is there to find one's way.
    """
    found = list(page.walk())
    mains = [e for e in found if e.name == "main" or e.attribute("role").lower() == "main"]
    inside = mains[0] if mains else page
    articles = [e for e in inside.walk() if e.name == "article"]
    is_marked = bool(mains)
    if len(articles) == 1 and _holds_most(articles[0], inside, is_marked=is_marked):
        inside, is_marked = articles[0], True
    return without(inside, lambda element: _is_chrome(element, is_marked=is_marked))


def _holds_most(article: Element, around: Element, *, is_marked: bool) -> bool:
    """Tell an article that is the page's content from one that is quoted in it."""
    if not is_marked:
        return True
    rest = without(around, lambda e: e is article or _is_chrome(e, is_marked=True))
    return len(article.text().split()) >= len(rest.text().split())


def _is_chrome(element: Element, *, is_marked: bool) -> bool:
    if element.attribute("role").lower() in _CHROME_ROLES:
        return True
    if element.name in {"nav", "footer", "dialog", "menu"}:
        return True
    if element.name == "header":
        return any(inner.name == "nav" for inner in element.walk())
    if element.name == "aside" and not is_marked:
        return any(inner.name in {"nav", "a"} for inner in element.walk())
    return element.name == "a" and _is_permalink(element)


def _is_permalink(link: Element) -> bool:
    """Tell the sign beside a heading, such as "#" or "¶", that leads to where it stands."""
    is_here = link.attribute("href").startswith("#")
    return is_here and not link.attribute("id") and _PERMALINK.fullmatch(link.text()) is not None
