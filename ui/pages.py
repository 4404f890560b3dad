"""What a document's panel shows besides its text: the page of a PDF on which a place stands, and who owns it."""

from __future__ import annotations

from assistant.knowledge.library import Library
from assistant.types import Document, Principal
from ui.marks import Span
from ui.pdf import Sheet, sheet_of


def page_of(document: Document, offset: int) -> int | None:
    """The 1-based page on which ``offset`` stands; None where the format has no pages."""
    pages = [mark for mark in document.landmarks if mark.kind == "page"]
    if not pages:
        return None
    return max((int(mark.label) for mark in pages if mark.start <= offset), default=int(pages[0].label))


def sheet_for(library: Library, document: Document, span: Span | None, principal: Principal) -> Sheet | None:
    """None where the format has no pages. Raises what `Library.source` and `sheet_of` raise."""
    page = page_of(document, span[0] if span else 0)
    if page is None:
        return None
    quote = document.text[span[0] : span[1]] if span else ""
    return sheet_of(library.source(document.id, principal), page, quote)


def owner_of(library: Library, document: Document, principal: Principal) -> str:
    """The owner of its collection, as last ingested; "" where none is known."""
    known = library.collections(principal).get(document.collection)
    return known.owner if known else ""
