"""What of a saved web page is the page's furniture and not its text.

Out goes what can't be text (scripts, forms' controls, pictures), what is hidden, what its element, role, class or id
names as navigation, cookie notice, sidebar, dialog or tool bar, and links back to the top. A name alone never removes
an element that holds a large share of the page's text, its main heading or its main part: on badly named pages too
much is better than too little.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from assistant.protocols import Hidden

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import Tag

_NEVER_TEXT = [
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "math",
    "canvas",
    "object",
    "embed",
    "iframe",
    "video",
    "audio",
    "source",
    "picture",
    "img",
    "map",
    "input",
    "select",
    "textarea",
    "button",
    "datalist",
    "progress",
    "meter",
    "head",
    "title",
    "meta",
    "link",
]
_FURNITURE_ELEMENTS = frozenset({"nav", "header", "footer", "aside", "dialog", "menu"})
_FURNITURE_ROLES = frozenset(
    {
        "navigation",
        "banner",
        "contentinfo",
        "complementary",
        "search",
        "dialog",
        "alertdialog",
        "alert",
        "menu",
        "menubar",
        "toolbar",
        "tooltip",
    }
)
_FURNITURE_NAMES = frozenset(
    {
        "nav",
        "navbar",
        "navigation",
        "menu",
        "breadcrumb",
        "breadcrumbs",
        "crumbs",
        "cookie",
        "cookies",
        "consent",
        "sidebar",
        "masthead",
        "toolbar",
        "utilities",
        "share",
        "sharing",
        "social",
        "skip",
        "skiplink",
        "modal",
        "popup",
        "lightbox",
        "advert",
        "adverts",
        "pagination",
        "pager",
        "feedback",
        "newsletter",
        "related",
        "toc",
        "visuallyhidden",
        "sronly",
        "screenreader",
        "noprint",
        "printhide",
    }
)
_HIDDEN_STYLE = re.compile(
    r"(?:^|[;{\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0+)?(?![.\d])"
    r"|font-size\s*:\s*0(?:\.0+)?(?![.\d])|text-indent\s*:\s*-\d{4,}|(?:left|top)\s*:\s*-\d{4,})",
    re.IGNORECASE,
)
_WHITE = re.compile(
    r"(?:^|[;\s])color\s*:\s*(?:white\b|#fff(?:fff)?\b|rgba?\(\s*255\s*,\s*255\s*,\s*255\b|transparent\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_LARGE_SHARE = 0.35
_DATE_ONLY = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}")


def main_part(page: BeautifulSoup, hide: Callable[[Hidden], None]) -> Tag:
    """The element that holds the document's text, furniture removed (the tree is changed). ``hide`` is told the text of
    what a browser would not show: it stands in the page's own markup; what a style sheet hides can't be known."""
    from bs4 import Comment

    for comment in page.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in page.find_all(_NEVER_TEXT):
        tag.decompose()
    root = page.body or page
    for tag in root.find_all(True):
        if tag.decomposed:
            continue
        if how := _hidden(tag):
            hide(Hidden(how=how, text=tag.get_text(" ")))
            tag.decompose()
        elif _words_of(tag, "aria-hidden") == {"true"}:  # ornament: seen, but said to be no text
            tag.decompose()
    declared = _declared_main(root)
    _drop_furniture(declared or root)
    return declared or _densest(root)


def _declared_main(root: Tag) -> Tag | None:
    """``<main>``, a main role or the only ``<article>``, if the page keeps a fair part of its prose there."""
    candidates = root.select("main, [role=main]")
    articles = root.find_all("article")
    if not candidates and len(articles) == 1:
        candidates = articles
    best = max(candidates, key=_length, default=None)
    return best if best is not None and _length(best) >= 0.25 * _length(root) else None


def _densest(root: Tag) -> Tag:
    """The smallest element that still holds nine tenths of the text outside links."""
    total = _prose_length(root)
    here = root
    while total:
        inner = [child for child in here.find_all(True, recursive=False) if _prose_length(child) >= 0.9 * total]
        if not inner or inner[0].name in ("p", "table", "ul", "ol", "dl"):
            return here
        here = inner[0]
    return here


def _drop_furniture(root: Tag) -> None:
    total = _length(root)
    for tag in root.find_all(True):
        if tag.decomposed or tag is root:
            continue
        certain = tag.name in _FURNITURE_ELEMENTS or _words_of(tag, "role") & _FURNITURE_ROLES
        named = _named_as_furniture(tag)
        furniture = (certain or named) and not _keeps(tag, total, certain=bool(certain))
        if furniture or _leads_to_top(tag):
            tag.decompose()
    for tag in root.find_all(["ul", "ol"]):
        if not tag.decomposed and _stamps_versions(tag):
            tag.decompose()


def _keeps(tag: Tag, total: int, *, certain: bool) -> bool:
    if tag.name in ("h1", "h2", "h3", "h4", "h5", "h6", "table", "p", "li") and not certain:
        return "hidden" not in "".join(_class_words(tag))
    if tag.find(["main", "article"]) is not None:
        return True
    if tag.name == "header" and tag.find(["h1", "h2"]) is not None:
        return tag.find("nav") is None  # an article's own header holds its title
    return tag.find("h1") is not None or _length(tag) > _LARGE_SHARE * total


def _named_as_furniture(tag: Tag) -> bool:
    words = _class_words(tag)
    pairs = {first + second for first, second in pairwise(words)}
    return bool(_FURNITURE_NAMES & (set(words) | pairs))


def _class_words(tag: Tag) -> list[str]:
    names = [*tag.get_attribute_list("class"), *tag.get_attribute_list("id")]
    return [word.lower() for name in names if name for word in _WORD.findall(name)]


def _words_of(tag: Tag, attribute: str) -> set[str]:
    return {word.lower() for value in tag.get_attribute_list(attribute) if value for word in value.split()}


def _hidden(tag: Tag) -> str:
    """How it is hidden from a reader, "" where it is not. White text counts where nothing from it upwards could give it
    another background: no style sheet's class, no background of its own."""
    style = str(tag.get("style", ""))
    if tag.has_attr("hidden") or _HIDDEN_STYLE.search(style):
        return "not displayed"
    if _WHITE.search(style) and not any(_may_colour(each) for each in (tag, *tag.parents)):
        return "white text"
    return ""


def _may_colour(tag: Tag) -> bool:
    return tag.has_attr("class") or tag.has_attr("bgcolor") or "background" in str(tag.get("style", "")).lower()


def _stamps_versions(tag: Tag) -> bool:
    """Rulebooks put a list of bare version dates ("31/12/2024", "Past") behind each rule, outside its text."""
    items = [item.get_text().strip() for item in tag.find_all("li")]
    return any(map(_DATE_ONLY.fullmatch, items)) and all(_DATE_ONLY.fullmatch(item) or item.isalpha() for item in items)


def _leads_to_top(tag: Tag) -> bool:
    if tag.name != "a" or str(tag.get("href", "")).lower() not in ("#", "#top", "#page-top"):
        return False
    return tag.parent is not None and _length(tag.parent) == _length(tag)


def _length(tag: Tag) -> int:
    return sum(len(text.strip()) for text in tag.strings)


def _prose_length(tag: Tag) -> int:
    return _length(tag) - sum(_length(link) for link in tag.find_all("a"))
