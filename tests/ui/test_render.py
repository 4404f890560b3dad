from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import User
from assistant.knowledge.candidates import KnownCollection
from assistant.types import Failed, Finished, Landmark, Receipt, Retrieved
from tests.ui.values import EVIL, TEXT, TODAY, abstained, answer, document, hit, sentence
from ui import render, shell, words
from ui.conversation import Conversation, Exchange
from ui.pages import page_of
from ui.pdf import Sheet

ASKED = Exchange(question="May I?", as_of=TODAY)
DONE = ASKED.after(Finished(answer=answer()))


def known(**changes: Any) -> KnownCollection:
    values: dict[str, Any] = {
        "id": "rules", "folder": "corpora/rules", "manifest": "corpora/rules/collection.toml", "title": "The Rules",
        "owner": "Compliance", "licence": "Apache-2.0", "review_date": TODAY,
    }  # fmt: skip
    return KnownCollection(**{**values, **changes})


def test_the_library_says_who_owns_a_collection_and_when_its_review_is_late() -> None:
    html = shell.library_html([document()], TODAY, {"rules": known()})
    assert "The Rules" in html
    assert "Owner: Compliance · Due for review 21 November 2026" in html
    assert "late" not in html
    assert "late" in shell.library_html([document()], TODAY.replace(day=22), {"rules": known()})
    assert "Owner" not in shell.library_html([document()], TODAY, {})


def test_a_marker_opens_the_quote_that_supports_its_sentence() -> None:
    html = render.exchange_html(DONE, 0)
    start, end = TEXT.index("Staff"), TEXT.index(" <i>")
    assert f'data-send="open" data-document="doc-1" data-start="{start}" data-end="{end}" data-marker="1"' in html
    assert 'aria-label="Source 1: Gifts Policy, 4.2 Limits"' in html


def test_markers_stand_where_the_text_has_them_and_each_once() -> None:
    html = render.sentence_html(sentence("Up to £75 [2], never more. [7]", 1, 2))
    assert re.findall(r">(\d)</button>", html) == ["2", "1"]
    assert html.index(">2</button>") < html.index("never more")
    assert "[7]" in html  # no citation has it: it is text


def test_sources_come_before_the_first_sentence_and_cited_ones_are_marked() -> None:
    early = render.sources_html(ASKED.after(Retrieved(hits=(hit(1), hit(2)))), 1)
    assert early.count('<li class="source"') == 2
    assert "Also near" in early
    late = render.sources_html(DONE, 4)
    assert "is-cited" in late
    assert "<mark>Staff may accept a gift up to £75 &amp; no more.</mark>" in late
    assert "4.2 Limits\n" not in late  # the heading is named by the card already


def test_an_excerpt_ends_at_a_word_and_not_at_the_bar_between_cells() -> None:
    row = "C1 | Account opening papers and mandates | Closure of the account | 7 years\n"
    shown = render.source_html(hit(1, text=row * 3 + "C4 | Loans | Repayment | 7 years and " + "more " * 60), 1, ())
    excerpt = shown.partition('class="source-excerpt">')[2].partition("</span></button>")[0]
    assert ' <span class="cell">|</span> ' in excerpt
    for size in range(200, 320, 7):
        cut = render.source_html(hit(1, text=(row * 9)[-size - 300 :]), 1, ())
        assert "| …" not in cut


def test_an_abstention_says_why_what_and_what_next() -> None:
    html = render.exchange_html(ASKED.after(Finished(answer=abstained())), 0)
    for part in ("Not in the documents", "Nothing answers this.", "crypto", "Nearest passages", "quote the receipt"):
        assert part in html
    assert "Receipt" in html


def test_failures_and_stops_are_said() -> None:
    failed = ASKED.after(Failed(message="The disk is full; make room.", receipt=Receipt(id="r", hash="h")))
    assert "The disk is full; make room." in render.exchange_html(failed, 0)
    assert 'role="alert"' in render.exchange_html(failed, 0)
    assert "Stopped. Nothing was said." in render.exchange_html(replace(ASKED, stopped=True), 0)
    assert "2 sentences were withheld" in render.exchange_html(ASKED.after(Finished(answer=answer(withheld=2))), 0)


def test_nothing_of_a_value_becomes_markup_or_an_address() -> None:
    evil = hit(1, title=EVIL, uri=EVIL, text=EVIL * 3, collection=EVIL)
    shown = replace(ASKED.after(Finished(answer=answer(hits=(evil,), sentences=(sentence(EVIL),)))), question=EVIL)
    users = (User(id="e", name=EVIL, role=EVIL, groups=frozenset({EVIL})),)
    pages = (
        render.conversation_html(Conversation(user="u", exchanges=(shown,))),
        render.sources_html(shown, 1),
        render.exchange_html(ASKED.after(Finished(answer=abstained(EVIL, EVIL))), 0),
        render.exchange_html(ASKED.after(Failed(message=EVIL)), 0),
        shell.bar_html(title=EVIL, users=users, user="e", as_of=None, today=TODAY),
        shell.welcome_html([EVIL], 3),
        shell.library_html([evil.document], TODAY, {EVIL: known(id=EVIL, title=EVIL, owner=EVIL, licence=EVIL)}),
        shell.library_html([evil.document], TODAY, {}),
        shell.panel_html(evil.document, (0, 4), TODAY, owner=EVIL, marker=1),
        shell.standalone_html(EVIL, shell.message_html(EVIL, EVIL)),
    )
    for page in pages:
        assert "<img src=x" not in page
        assert not re.search(r"(?:src|href)=\"(?!/)", page)
        assert "://" not in page


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400), st.integers(1, 300))
def test_a_window_holds_its_span_and_stays_inside(length: int, first: int, size: int, room: int) -> None:
    start = min(first, length)
    end = min(start + size, length)
    left, right = words.excerpt_span(length, start, end, room)
    assert 0 <= left <= start <= end <= right <= length
    assert right - left <= max(room, end - start + room)


@given(st.text(alphabet="ab \n", max_size=60), st.integers(0, 60), st.integers(0, 60), st.integers(1, 30))
def test_a_window_is_drawn_in_to_whole_words(text: str, first: int, size: int, room: int) -> None:
    start = min(first, len(text))
    end = min(start + size, len(text))
    left, right = words.excerpt_span(len(text), start, end, room)
    begin, last = words.whole_words(text, left, right, (start, end))
    assert left <= begin <= start <= end <= last <= right
    if begin > left:
        assert text[begin - 1].isspace()
    if last < right:
        assert text[last].isspace()


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (True, True, "In force 1 July 2026 to 21 November 2026"),
        (True, False, "In force from 1 July 2026"),
        (False, True, "In force until 21 November 2026"),
        (False, False, "No dates stated"),
    ],
)
def test_dates_in_words(start: bool, end: bool, said: str) -> None:
    assert words.in_force(document().effective_from if start else None, TODAY if end else None) == said


def test_a_document_with_pages_offers_its_page_as_an_image() -> None:
    pages = (Landmark(kind="page", start=0, end=12, label="1"), Landmark(kind="page", start=12, end=70, label="2"))
    sheet = Sheet(page=2, width=600, height=800, top=0.25)
    html = shell.panel_html(document(landmarks=pages), (14, 20), TODAY, sheet=sheet, marker=1)
    assert 'src="/documents/doc-1/pages/2.png?start=14&amp;end=20"' in html
    assert "Page 2" in html
    assert 'data-top="0.2500"' in html
    assert "page-quote" not in shell.panel_html(document(), (1, 2), TODAY, sheet=replace(sheet, top=None))
    assert [page_of(document(landmarks=pages), at) for at in (0, 11, 12, 69)] == [1, 1, 2, 2]
    assert page_of(document(), 0) is None
    assert "page-image" not in shell.panel_html(document(), (14, 20), TODAY)


def test_the_bar_shows_who_looks_and_another_day() -> None:
    users = (
        User(id="a", name="Ann", role="Adviser", groups=frozenset({"staff"})),
        User(id="m", name="Mia", role="MLRO", groups=frozenset({"staff", "mlro"})),
    )
    html = shell.bar_html(title="Muniment", users=users, user="m", as_of=TODAY.replace(year=2025), today=TODAY)
    assert 'href="/as/m" aria-current="true"' in html
    assert "sees mlro, staff" in html
    assert 'value="2025-11-21"' in html
    assert ">Today</button>" in html
    assert "chooser" not in shell.bar_html(title="M", users=(), user="guest", as_of=None, today=TODAY)
