"""The text shown is the document's, whole and in order, whatever it contains; only the quote is highlighted."""

from __future__ import annotations

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Document, Landmark
from ingest.canonical import Canonical
from ui.marks import blocks, document_html

WORDS = st.text(alphabet="ab <>&\"'|$`{}é🌷1.", max_size=20)
PIECES = st.lists(
    st.one_of(
        st.tuples(st.just("heading"), WORDS),
        st.tuples(st.just("paragraph"), WORDS),
        st.tuples(st.just("item"), WORDS),
        st.tuples(st.just("page"), st.sampled_from(["1", "2", "3"])),
        st.tuples(st.just("table"), st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3)),
    ),
    max_size=12,
)


def built(pieces: list[tuple[str, object]]) -> Document:
    canonical = Canonical()
    canonical.paragraph("start")
    for kind, value in pieces:
        if kind == "heading":
            canonical.heading(2, str(value))
        elif kind == "table":
            canonical.table(value)  # type: ignore[arg-type]  # the strategy pairs tables with "table"
        else:
            getattr(canonical, kind)(str(value))
    reading = canonical.build()
    return document(reading.text, reading.landmarks)


def document(text: str, landmarks: tuple[Landmark, ...] = ()) -> Document:
    return Document(
        id="d", key="k", version="v", uri="u", title="T", text=text, text_sha256="", landmarks=landmarks,
        collection="c", reader="r",
    )  # fmt: skip


def plain(html: str) -> str:
    """The text of our own HTML, without white space, page marks and the bars that became cells."""
    html = re.sub(r'<div class="page-mark">.*?</div>', "", html)
    return "".join(unescape(re.sub(r"<[^>]*>", "", html)).replace("|", "").split())


@given(PIECES)
def test_every_character_stands_in_exactly_one_block(pieces: list[tuple[str, object]]) -> None:
    shown = built(pieces)
    covered = [0] * len(shown.text)
    at = 0
    for block in blocks(shown):
        assert at <= block.start < block.end
        at = block.end
        for index in range(block.start, block.end):
            covered[index] += 1
    assert all(count == 1 for count, char in zip(covered, shown.text, strict=True) if not char.isspace())


@given(PIECES, st.integers(-5, 80), st.integers(-5, 80))
def test_text_survives_and_the_quote_is_what_is_marked(pieces: list[tuple[str, object]], start: int, end: int) -> None:
    shown = built(pieces)
    first, last = max(0, start), min(end, len(shown.text))
    html = document_html(shown, (first, last))
    assert plain(html) == "".join(shown.text.replace("|", "").split())
    marked = "".join(re.findall(r"<mark[^>]*>(.*?)</mark>", html, flags=re.DOTALL))
    quote = shown.text[first:last] if first < last else ""
    assert plain(marked) == "".join(quote.replace("|", "").split())
    assert html.count('<mark id="quote"') == ("<mark" in html)


@given(st.text())
def test_nothing_of_the_text_becomes_markup(text: str) -> None:
    html = document_html(document(text))
    assert set(re.findall(r"</?([a-z0-9]+)", re.sub(r"&[a-z#0-9]+;", "", html))) <= {"p", "br"}
