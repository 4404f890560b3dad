"""Scanned pages: recognised where the extra is installed, refused with what to install where it is not."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from assistant.config import Ingest
from assistant.errors import InputError
from ingest.quality import examine
from ingest.readers import ocr
from ingest.readers.ocr import in_reading_order
from ingest.readers.pdf import PdfReader
from ingest.readers.pdf_page import Fragment
from ingest.worker import ReaderPool

SENTENCE = "A gift worth more than 50 pounds must be declared."
installed = pytest.mark.skipif(not ocr.version(), reason="the extra ocr is not installed")


def scan(*, blank: bool = False) -> bytes:
    """A page of text, a page that is a picture of a sentence, and a blank one."""
    picture = Image.new("L", (1240, 400), 255)
    ImageDraw.Draw(picture).text((80, 100), SENTENCE, fill=0, font=ImageFont.load_default(44))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    if not blank:
        canvas.drawString(72, 700, "The first page has words of its own.")
        canvas.showPage()
    canvas.drawImage(ImageReader(picture), 0, 500, A4[0], A4[0] * 400 / 1240)
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    return out.getvalue()


@installed
def test_a_scanned_page_is_read_and_remarked() -> None:
    with ReaderPool(Ingest()) as pool:
        reading = pool.read(scan(), ".pdf")
    assert reading.text.endswith(SENTENCE)
    assert [mark.label for mark in reading.landmarks if mark.kind == "page"] == ["1", "2"]
    (remark,) = reading.remarks
    assert remark.startswith("1 of its 3 pages were read by text recognition (page 2;")
    assert ("recognised", "warning") in [(each.kind, each.severity) for each in examine(reading)]


def test_without_recognition_a_scan_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "version", str)  # as if the extra were not there
    with pytest.raises(InputError, match=r"scanned.*muniment\[ocr\]"):
        PdfReader().read(scan(blank=True))
    reading = PdfReader().read(scan())
    assert reading.text == "The first page has words of its own."
    assert reading.remarks == ()


def test_the_identity_says_which_recognition_is_at_work() -> None:
    name, _, number = PdfReader.identity.partition("/")
    assert number.isdigit()
    assert ocr.version() in name


def line(text: str, x0: float, x1: float, y: float) -> Fragment:
    return Fragment(text=text, x0=x0, x1=x1, y=y, size=10, bold=False, order=0)


def test_columns_are_read_one_after_the_other() -> None:
    lines = [line("title", 0, 500, 800)]
    lines += [line(f"left {n}", 0, 230, 700 - 15 * n) for n in range(4)]
    lines += [line(f"right {n}", 270, 500, 700 - 15 * n) for n in range(4)]
    lines += [line("foot", 0, 480, 500)]
    told = [each.text for each in in_reading_order(lines[::-1])]
    assert told == ["title", *(f"left {n}" for n in range(4)), *(f"right {n}" for n in range(4)), "foot"]


def test_the_cells_of_a_table_are_read_row_by_row() -> None:
    cells = [
        line(f"{row}{column}", 200 * column, 200 * column + 40, 700 - 15 * row)
        for row in range(4)
        for column in range(3)
    ]
    wide = line("a line of full width", 0, 500, 720)
    assert [each.text for each in in_reading_order([*cells[::-1], wide])][1:] == [each.text for each in cells]


@given(st.lists(st.tuples(*[st.floats(0, 500)] * 3), max_size=40))
def test_no_line_is_lost_or_doubled(places: list[tuple[float, float, float]]) -> None:
    lines = [line(str(at), min(a, b), max(a, b), y) for at, (a, b, y) in enumerate(places)]
    assert sorted(int(each.text) for each in in_reading_order(lines)) == list(range(len(places)))
