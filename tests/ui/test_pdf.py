from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from assistant.errors import InputError
from tests.ui.project import complaints_pdf
from ui.pdf import locate, page_png, sheet_of

QUOTE = "kept for six years from the date"


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def test_the_quote_is_highlighted_where_it_stands_and_nowhere_else() -> None:
    source = complaints_pdf()
    plain, marked = opened(page_png(source, 1)), opened(page_png(source, 1, QUOTE))
    box = ImageChops.difference(plain, marked).getbbox()
    assert box is not None
    left, top, right, bottom = box
    width, height = plain.size
    assert (right - left) < width * 0.5
    assert (bottom - top) < height * 0.05
    assert top < height * 0.3  # the sentence stands near the top of the page
    assert opened(page_png(source, 2, QUOTE)).tobytes() == opened(page_png(source, 2)).tobytes()


def test_a_sheet_says_how_far_down_the_quote_begins() -> None:
    source = complaints_pdf()
    sheet = sheet_of(source, 1, QUOTE)
    plain, marked = opened(page_png(source, 1)), opened(page_png(source, 1, QUOTE))
    box = ImageChops.difference(plain, marked).getbbox()
    assert box is not None
    assert sheet.top is not None
    assert (sheet.page, sheet.width, sheet.height) == (1, *plain.size)
    assert abs(sheet.top * sheet.height - box[1]) < 6  # the highlight is a little higher than the letters
    assert sheet_of(source, 2, QUOTE).top is None
    assert sheet_of(source, 1).top is None


@pytest.mark.parametrize("page", [0, 3, -1])
def test_a_page_that_is_not_there(page: int) -> None:
    with pytest.raises(InputError, match="There is no page"):
        page_png(complaints_pdf(), page)


def test_bytes_that_are_no_pdf() -> None:
    with pytest.raises(InputError):
        page_png(b"<html></html>", 1)


@pytest.mark.parametrize(
    ("page", "quote", "found"),
    [
        ("The limit is\r\n£75 a year-\r\nly.", "limit is £75 a yearly", ["limit is\r\n£75 a year-\r\nly"]),
        ("Cash paid £5,000 Branch", "Cash paid | £5,000 | Branch", ["Cash paid £5,000 Branch"]),
        ("last words of a page", "last words of a page\nover its edge here", ["last words of a page"]),
        ("nothing", "something else", []),
        ("a a a", "", []),
    ],
)
def test_locate(page: str, quote: str, found: list[str]) -> None:
    assert [page[place.index : place.index + place.count] for place in locate(page, quote)] == found


@given(st.text(alphabet="aB1 -\n|é"), st.integers(0, 40), st.integers(0, 40))
def test_what_stands_on_the_page_is_found(text: str, start: int, size: int) -> None:
    quote = text[start : start + size]
    for place in locate(text, quote):
        assert 0 <= place.index < place.index + place.count <= len(text)
    if any(char.isalnum() for char in quote):
        assert locate(text, quote)
