"""The frame around answers: the bar, the empty page, the library and the document panel. Pure functions to HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from itertools import groupby
from urllib.parse import quote as url_quote

from assistant.config import User
from assistant.knowledge.candidates import KnownCollection
from assistant.types import Document
from ui import words
from ui.marks import Span, document_html
from ui.pdf import Sheet
from ui.render import attributes, opening

PROMISE = (
    "Every sentence carries the passage that supports it, checked before you see it. "
    "What the documents do not support is not said."
)


def bar_html(
    *, title: str, users: Sequence[User], user: str, as_of: date | None, today: date, manager: bool = False
) -> str:
    """The top bar. ``users`` empty: no chooser (everyone is the same guest). ``manager``: the way to the knowledge room."""
    shown = as_of or today
    past = reset = room = ""
    if manager:
        room = (
            f'<button type="button" aria-pressed="false"{attributes(local="view", view="knowledge", send="knowledge")}>'
            "Knowledge</button>"
        )
    if shown != today:
        past = " is-other"
        reset = f'<button type="button" class="quiet"{attributes(send="as_of", value="")}>Today</button>'
    return (
        '<header class="bar">'
        f'<div class="brand"><span class="brand-mark" aria-hidden="true">M</span><span>{escape(title)}</span></div>'
        '<nav class="tabs" aria-label="Views">'
        f'<button type="button" aria-pressed="true"{attributes(local="view", view="ask")}>Ask</button>'
        f'<button type="button" aria-pressed="false"{attributes(local="view", view="library", send="library")}>'
        f"Library</button>{room}</nav>"
        f'<div class="bar-end"><label class="as-of{past}"><span>Rules as of</span>'
        f'<input type="date" value="{shown.isoformat()}" data-send-change="as_of" required></label>{reset}'
        f"{_chooser(users, user)}"
        f'<button type="button" class="icon" aria-label="Light or dark"{attributes(local="theme")}>'
        '<span class="half-moon" aria-hidden="true"></span></button></div></header>'
    )


def _chooser(users: Sequence[User], chosen: str) -> str:
    """Links, so that choosing reloads the page and nothing of the former user stays on it."""
    if not users:
        return ""
    current = next((user for user in users if user.id == chosen), users[0])
    rows = "".join(
        f'<li><a href="/as/{url_quote(user.id)}" aria-current="{"true" if user.id == chosen else "false"}">'
        f'<span class="who">{escape(user.name)}</span><span class="role">{escape(user.role)}</span>'
        f'<span class="groups">sees {escape(", ".join(sorted(user.groups)) or "nothing")}</span></a></li>'
        for user in users
    )
    return (
        '<details class="chooser"><summary><span class="sr">Signed in as </span>'
        f'<span class="who">{escape(current.name)}</span><span class="role">{escape(current.role)}</span></summary>'
        f'<div class="menu"><p class="label">Demonstration: look through someone’s eyes</p><ul>{rows}</ul></div>'
        "</details>"
    )


def welcome_html(examples: Sequence[str], documents: int | None) -> str:
    """The page before the first question; ``documents`` None while they load."""
    chips = "".join(
        f'<li><button type="button" class="example"{attributes(send="example", text=text)}>{escape(text)}</button></li>'
        for text in examples
    )
    state = (
        '<p class="working" role="status"><span class="pulse"></span>Opening the documents and models…</p>'
        if documents is None
        else f'<p class="state">{words.count(documents, "document")} in force that you may read.</p>'
    )
    return (
        '<div class="welcome"><h1>What do the rules say?</h1>'
        f'<p class="promise">{PROMISE}</p>{state}'
        f'<h2 class="label">Try</h2><ul class="examples">{chips}</ul></div>'
    )


def message_html(title: str, text: str) -> str:
    return f'<div class="card is-failure" role="alert"><h3>{escape(title)}</h3><p>{escape(text)}</p></div>'


# ------------------------------------------------------------------------------------------------ library


def library_html(documents: Sequence[Document], today: date, collections: Mapping[str, KnownCollection]) -> str:
    """Every version that may be read, by collection, newest first within its lineage; the ones in force on ``today`` are
    marked. ``collections`` says by id who owns them; of one that is not in it, the id alone is shown."""
    if not documents:
        note = '<p class="panel-note">There is no document you may read.</p>'
        return f'<section class="library"><h1>Library</h1>{note}</section>'
    ordered = sorted(documents, key=lambda d: d.effective_from or date.min, reverse=True)
    ordered.sort(key=lambda d: (d.collection, d.title.casefold()))
    current = sum(words.standing(document, today) == "current" for document in documents)
    parts = "".join(
        _collection_html(name, collections.get(name), tuple(group), today)
        for name, group in groupby(ordered, key=lambda d: d.collection)
    )
    return (
        '<section class="library"><h1>Library</h1>'
        f'<p class="panel-note">{words.count(len(documents), "document")} you may read, {current} in force on '
        f"{words.day(today)}.</p>{parts}</section>"
    )


def _collection_html(name: str, known: KnownCollection | None, documents: Sequence[Document], today: date) -> str:
    title = known.title if known else name
    facts = ""
    if known:
        late = known.review_date < today
        review = f"{'Was due' if late else 'Due'} for review {words.day(known.review_date)}"
        shown = f'<span class="late">{review}</span>' if late else review
        facts = f'<p class="panel-note">Owner: {escape(known.owner)} · {shown} · {escape(known.licence)}</p>'
    rows = "".join(_library_row(document, today) for document in documents)
    return (
        f'<h2 class="collection">{escape(title)}</h2>{facts}'
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(title)}"><table><thead><tr>'
        '<th scope="col">Document</th><th scope="col">In force</th><th scope="col">Version</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _library_row(document: Document, today: date) -> str:
    standing = words.standing(document, today)
    badge = "" if standing == "current" else f' <span class="badge is-{standing}">{standing}</span>'
    dates = words.in_force(document.effective_from, document.effective_to).removeprefix("In force ")
    return (
        f'<tr class="is-{standing}"><th scope="row"><span class="titled">'
        f'<button type="button" class="link"{opening(document.id, 0, 0)}>'
        f"{escape(document.title)}</button>{badge}</span></th>"
        f"<td>{escape(dates[:1].upper() + dates[1:])}</td><td><code>{escape(document.version[:8])}</code></td></tr>"
    )


# ------------------------------------------------------------------------------------------------ one document


def address(document: Document, span: Span | None) -> str:
    """The document's own page on this server."""
    query = f"?start={span[0]}&end={span[1]}" if span else ""
    return f"/documents/{url_quote(document.id, safe='')}{query}#quote"


def page_address(document: Document, page: int, span: Span | None) -> str:
    query = f"?start={span[0]}&end={span[1]}" if span else ""
    return f"/documents/{url_quote(document.id, safe='')}/pages/{page}.png{query}"


def panel_html(
    document: Document,
    span: Span | None,
    today: date,
    *,
    sheet: Sheet | None = None,
    owner: str = "",
    marker: int | None = None,
    alone: bool = False,
) -> str:
    """The document: its facts, and the text with the quote; where there is a ``sheet``, the page as an image too.
    ``alone``: on a page of its own, not in the panel beside an answer."""
    number = f'<span class="source-number">{marker}</span>' if marker else ""
    standing = words.standing(document, today)
    badge = "" if standing == "current" else f' <span class="badge is-{standing}">{standing}</span>'
    owned = f"Owner: {escape(owner)} · " if owner else ""
    heading = "h1" if alone else "h2"
    return (
        f'<article class="document" data-face="text" aria-label="{escape(document.title)}">'
        '<header class="document-head">'
        f"{_document_bar(document, span, sheet, alone)}"
        f'<{heading} class="document-title">{number}<span>{escape(document.title)}</span>{badge}</{heading}></header>'
        f'<p class="panel-note">{words.in_force(document.effective_from, document.effective_to)} · '
        f"{owned}{escape(document.uri)} · version <code>{escape(document.version[:8])}</code></p>"
        f"{_page_image(document, sheet, span)}"
        f'<div class="text">{document_html(document, span)}</div></article>'
    )


def _document_bar(document: Document, span: Span | None, sheet: Sheet | None, alone: bool) -> str:
    back = own = faces = ""
    if not alone:
        back = f'<button type="button" class="quiet back"{attributes(local="close")}>Close</button>'
        own = f'<a class="quiet" target="_blank" rel="noopener" href="{escape(address(document, span))}">Own window</a>'
    if sheet is not None:
        faces = (
            '<div class="tabs" role="group" aria-label="Show as">'
            f'<button type="button" aria-pressed="true"{attributes(local="face", face="text")}>Text</button>'
            f'<button type="button" aria-pressed="false"{attributes(local="face", face="page")}>Page {sheet.page}</button>'
            "</div>"
        )
    return f'<div class="document-bar">{back}{faces}{own}</div>' if back or faces else ""


def _page_image(document: Document, sheet: Sheet | None, span: Span | None) -> str:
    """The picture, its size known before it is there, and where on it the quote begins, for the browser to go to."""
    if sheet is None:
        return ""
    alt = f"Page {sheet.page} of {document.title}" + (", the quoted place highlighted" if sheet.top is not None else "")
    source = escape(page_address(document, sheet.page, span))
    begins = "" if sheet.top is None else f'<span class="page-quote"{attributes(top=f"{sheet.top:.4f}")}></span>'
    return (
        f'<figure class="page-image">{begins}<img loading="lazy" width="{sheet.width}" height="{sheet.height}" '
        f'alt="{escape(alt)}" src="{source}"></figure>'
    )


def standalone_html(title: str, body: str) -> str:
    """A whole page without Gradio."""
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – Muniment</title>"
        '<link rel="stylesheet" href="/ui/style.css"><script src="/ui/app.js" defer></script></head>'
        f'<body class="muniment is-alone"><main>{body}</main></body></html>'
    )
