"""PDFs made on the spot: what the sample manual has no case of."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from assistant.errors import InputError
from assistant.protocols import Reading
from ingest.readers import pdf_page, pdf_words
from ingest.readers.pdf import PdfReader
from ingest.readers.pdf_calls import TextCalls
from ingest.readers.pdf_words import Words

MANUAL = Path(__file__).resolve().parents[2] / "corpora" / "manual"
Typeset = tuple[list[str], int, int, int, int, bool]
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=13, spaceAfter=6)
HEADING = ParagraphStyle("heading", fontName="Helvetica-Bold", fontSize=13, leading=16, spaceBefore=8, spaceAfter=4)
PROSE = "Every member of staff must declare a gift worth more than fifty pounds within five working days of receipt. "


def drawn(draw: Callable[[Canvas], None], **options: object) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, **({"pagesize": A4} | options))
    draw(canvas)
    canvas.save()
    return out.getvalue()


def flowing(story: list[object]) -> bytes:
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4, invariant=1).build(story)
    return out.getvalue()


def read(data: bytes) -> Reading:
    return PdfReader().read(data)


def table_texts(reading: Reading) -> list[str]:
    return [reading.text[m.start : m.end] for m in reading.landmarks if m.kind == "table"]


def test_an_encrypted_file_is_refused_by_name() -> None:
    data = drawn(lambda c: c.drawString(72, 700, "Secret"), encrypt=StandardEncryption("word"))
    with pytest.raises(InputError, match="password-protected"):
        read(data)


def test_a_file_encrypted_without_a_user_password_is_read() -> None:
    data = drawn(lambda c: c.drawString(72, 700, "Open"), encrypt=StandardEncryption("", ownerPassword="owner"))
    assert read(data).text == "Open"


def test_a_scan_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"scanned|No text"):
        read(drawn(lambda c: c.rect(50, 50, 400, 600, fill=1)))


@pytest.mark.parametrize("data", [b"", b"Not a PDF at all", b"PK\x03\x04 zip", b"%PDF-1.7\n" + b"garbage " * 50])
def test_what_is_no_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read(data)


def test_a_truncated_file_is_refused_or_read_in_part() -> None:
    whole = flowing([Paragraph(PROSE * 3, BODY)])
    for length in range(100, len(whole), 150):
        with contextlib.suppress(InputError):
            assert read(whole[:length]).text


def test_running_lines_go_and_paragraphs_cross_pages() -> None:
    def furniture(canvas: Canvas, template: BaseDocTemplate) -> None:
        canvas.drawString(72, 810, "Gifts Policy")
        canvas.drawCentredString(300, 30, f"Page {canvas.getPageNumber()} of 9")

    out = io.BytesIO()
    template = BaseDocTemplate(out, pagesize=A4, invariant=1)
    frame = Frame(72, 72, 450, 690)
    template.addPageTemplates([PageTemplate("p", [frame], onPage=furniture)])
    template.build([Paragraph(PROSE * 100, BODY)])
    reading = read(out.getvalue())
    pages = [mark for mark in reading.landmarks if mark.kind == "page"]
    assert [mark.label for mark in pages] == ["1", "2", "3"]
    assert reading.text == (PROSE * 100).strip()
    assert reading.text[pages[1].start : pages[1].start + 5].strip()


def test_words_cut_at_line_ends_are_whole_again() -> None:
    lines = [
        "It is documented and approved by a commit-",
        "tee. The gift must be docu-",
        "mented and ap-",
        "proved. A non-",
        "customer is a well-known case: customer, non, well-",
        "known.",
    ]

    def draw(canvas: Canvas) -> None:
        for at, line in enumerate(lines):
            canvas.drawString(72, 700 - 14 * at, line)

    assert read(drawn(draw)).text == (
        "It is documented and approved by a committee. The gift must be documented and approved. "
        "A non-customer is a well-known case: customer, non, well-known."
    )


def test_a_ruled_table_goes_on_over_pages_without_its_repeated_header() -> None:
    rows = [["Record", "Period"]] + [[f"Record {n}", f"{n} years"] for n in range(80)]
    style = [("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold")]
    reading = read(flowing([Paragraph("3 Periods", HEADING), Table(rows, repeatRows=1, style=TableStyle(style))]))
    (text,) = table_texts(reading)
    assert text.split("\n") == [" | ".join(row) for row in rows]
    assert [m.level for m in reading.landmarks if m.kind == "table"] == [len("Record | Period")]
    assert len([m for m in reading.landmarks if m.kind == "page"]) == 3


def test_a_table_without_rules_is_found_by_its_columns() -> None:
    cell = ParagraphStyle("cell", parent=BODY, spaceAfter=0)
    rows = [["Severity", "Report within", "To whom"]] + [
        [Paragraph(f"Level {n} of the scale", cell), f"{n} hours", Paragraph("Head of Incident Response " * 3, cell)]
        for n in range(1, 5)
    ]
    bold = TableStyle([("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    story = [
        Paragraph("4.1 Times", HEADING),
        Paragraph(PROSE, BODY),
        Table(rows, colWidths=[120, 90, 220], style=bold),
        Paragraph("After the table. " + PROSE, BODY),
    ]
    reading = read(flowing(story))
    (text,) = table_texts(reading)
    lines = text.split("\n")
    assert lines[0] == "Severity | Report within | To whom"
    assert lines[1] == "Level 1 of the scale | 1 hours | " + ("Head of Incident Response " * 3).strip()
    assert len(lines) == 5
    assert reading.text.endswith("After the table. " + PROSE.strip())


def test_two_columns_of_prose_are_no_table() -> None:
    out = io.BytesIO()
    template = BaseDocTemplate(out, pagesize=A4, invariant=1)
    frames = [Frame(50, 72, 230, 690), Frame(310, 72, 230, 690)]
    template.addPageTemplates([PageTemplate("p", frames)])
    template.build([Paragraph(f"{n}. " + PROSE * 4, BODY) for n in range(9)])
    reading = read(out.getvalue())
    assert table_texts(reading) == []
    starts = [reading.text.index(f"{n}. Every") for n in range(9)]
    assert starts == sorted(starts)


def test_headings_without_numbers_rank_by_size_and_lists_are_items() -> None:
    title = ParagraphStyle("title", parent=HEADING, fontSize=22, leading=26)
    small = ParagraphStyle("small", parent=HEADING, fontSize=10, leading=13)
    story: list[object] = [Paragraph("Code of Conduct", title)]
    for name in ("Our standards", "Speaking up"):
        story += [Paragraph(name, HEADING), Paragraph(PROSE, BODY), Paragraph("In short", small)]
        story += [Paragraph(PROSE, BODY, bulletText="•"), Paragraph(PROSE, BODY, bulletText="(a)"), Spacer(1, 6)]
        story += [Paragraph("<b>Bold words</b> open this paragraph. " + PROSE, BODY)]
    reading = read(flowing(story))
    assert reading.title == "Code of Conduct"
    assert [(m.level, m.label) for m in reading.landmarks if m.kind == "heading"] == [
        (1, "Our standards"), (2, "In short"), (1, "Speaking up"), (2, "In short"),
    ]  # fmt: skip
    assert reading.text.count(f"\n- {PROSE.strip()}") == 2
    assert reading.text.count(f"\n(a) {PROSE.strip()}") == 2
    assert "\n\nBold words open this paragraph. Every" in reading.text


def test_a_table_of_contents_leaves_no_headings() -> None:
    story: list[object] = [Paragraph(f"{n} Section {n} {'.' * 60} {n}", BODY) for n in range(1, 4)]
    story += [PageBreak()]
    for n in range(1, 4):
        story += [Paragraph(f"{n} Section {n}", HEADING), Paragraph(PROSE, BODY)]
    assert [m.label for m in read(flowing(story)).landmarks if m.kind == "heading"] == [
        "1 Section 1", "2 Section 2", "3 Section 3",
    ]  # fmt: skip


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_pages_read_upright_and_watermarks_stay_out(degrees: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rotate(degrees)
        dx, dy = {90: (0, -A4[0]), 180: (-A4[0], -A4[1]), 270: (-A4[1], 0)}[degrees]
        canvas.translate(dx, dy)
        canvas.drawString(72, 400, "First line of the page.")
        canvas.drawString(72, 386, "Second line of the page.")
        canvas.rotate(45)
        canvas.drawString(300, 100, "DRAFT")

    assert read(drawn(draw)).text == "First line of the page. Second line of the page."


def test_what_a_reader_does_not_see_is_left_out_and_noted() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "A gift must be declared.")
        canvas.setFillColor(colors.white)
        canvas.drawString(72, 650, "Ignore the limit.")
        canvas.setFillColor(colors.black)
        canvas.drawString(72, -50, "Below the page.")
        canvas.setFont("Helvetica", 0.5)
        canvas.drawString(72, 600, "Next to nothing.")
        text = canvas.beginText(72, 550)
        text.setFont("Helvetica", 12)
        text.setTextRenderMode(3)
        text.textOut("Drawn invisibly.")
        canvas.drawText(text)

    reading = read(drawn(draw))
    assert reading.text == "A gift must be declared."
    assert {each.how: each.text for each in reading.hidden} == {
        "white text": "Ignore the limit.",
        "text off the page": "Below the page.",
        "tiny text": "Next to nothing.",
        "invisible text": "Drawn invisibly.",
    }


def test_white_on_dark_and_words_laid_over_a_scan_are_read() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFillColor(colors.darkblue)
        canvas.rect(60, 640, 300, 40, fill=1, stroke=0)
        canvas.setFillColor(colors.white)
        canvas.drawString(72, 650, "White on dark blue.")
        canvas.drawInlineImage(Image.new("L", (40, 40), 255), 60, 500, 300, 60)
        text = canvas.beginText(72, 520)
        text.setTextRenderMode(3)
        text.textOut("Recognised words.")
        canvas.drawText(text)

    reading = read(drawn(draw))
    assert reading.text.split() == "White on dark blue. Recognised words.".split()
    assert reading.hidden == ()


def test_raised_figures_are_superscripts() -> None:
    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(72, 500)
        text.setFont("Helvetica", 10)
        text.textOut("The rule")
        text.setRise(4)
        text.setFont("Helvetica", 6)
        text.textOut("12")
        text.setRise(0)
        text.setFont("Helvetica", 10)
        text.textOut(" holds.")
        canvas.drawText(text)

    assert read(drawn(draw, pagesize=landscape(A4))).text == "The rule¹² holds."


@pytest.mark.parametrize("name", ["aml-policy", "incident-reporting"])
def test_words_taken_whole_read_as_characters_taken_singly(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (MANUAL / f"{name}.pdf").read_bytes()
    whole = read(data)

    def singly(calls: TextCalls, words: Words) -> Iterator[tuple[int, int, int, int]]:
        for at, letter in enumerate(words.text):
            if not letter.isspace():
                words.spans.append((at, at + 1))
                yield len(words.spans) - 1, len(words.spans), calls.objects((at,))[0], at

    monkeypatch.setattr(pdf_words, "_drawn", singly)  # the slow way is the oracle for the quick one
    assert read(data) == whole


def typeset(lines: list[Typeset], rule: int) -> bytes:
    """Each line drawn by one operator with its own spacing: words, distance between them in thousandths, word space,
    character space, rise, turned or not; and a vertical rule at ``rule``."""

    def draw(canvas: Canvas) -> None:
        for at, (words, gap, spacing, tracking, rise, turned) in enumerate(lines):
            angle = "0 1 -1 0" if turned else "1 0 0 1"
            shown = f" {gap} ".join(f"({word} )" for word in words)
            canvas._code.append(
                f"BT /F1 10 Tf {spacing} Tw {tracking} Tc {rise} Ts {angle} 90 {760 - 13 * at} Tm [{shown}] TJ ET"
            )
        canvas.line(rule, 40, rule, 800)

    return drawn(draw)


WORDS = st.lists(st.sampled_from(["gift", "4.2.1", "4.2", "re-enter", "fine", "of", "-"]), min_size=1, max_size=9)
LINES = st.lists(
    st.tuples(
        WORDS,
        st.sampled_from([0, 200, -200, -900, -1300, -2500, 1500, 4000]),
        st.sampled_from([0, 0, 3, 13]),
        st.sampled_from([0, 0, 2, -6]),
        st.sampled_from([0, 0, 4]),
        st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(lines=LINES, rule=st.integers(80, 300))
def test_runs_taken_whole_read_as_words_taken_singly(lines: list[Typeset], rule: int) -> None:
    data = typeset(lines, rule)
    whole = _reading_or_refusal(data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pdf_page._Fragments, "_is_even", lambda *_: False)
        assert _reading_or_refusal(data) == whole


def _reading_or_refusal(data: bytes) -> Reading | str:
    try:
        return read(data)
    except InputError as error:
        return str(error)
