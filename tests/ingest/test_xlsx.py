"""Workbooks made on the spot: structure, and values as Excel shows them."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InputError
from assistant.protocols import Hidden, Reading
from ingest.readers.xlsx import XlsxReader
from ingest.readers.xlsx_format import shown


def read(book: openpyxl.Workbook) -> Reading:
    out = io.BytesIO()
    book.save(out)
    return XlsxReader().read(out.getvalue())


def test_sheets_are_sections_and_blocks_tables_or_prose() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Limits"
    for row in (["Register of limits"], ["Owner: Compliance"], [], ["Gift", "Limit"], ["Wine", 50], ["Meal", 20]):
        sheet.append(row)
    sheet["F9"] = "Approver"
    sheet["G9"] = "Head of\nCompliance"
    book.create_sheet("Empty")
    book.create_sheet("Contacts").append(["Call the desk."])
    secret = book.create_sheet("Secret")
    secret.append(["not", "shown"])
    secret.sheet_state = "hidden"
    reading = read(book)
    assert reading.text == (
        "Limits\n\nRegister of limits\n\nOwner: Compliance\n\nGift | Limit\nWine | 50\nMeal | 20\n\n"
        "Approver | Head of Compliance\n\nContacts\n\nCall the desk."
    )
    assert [(m.level, m.label) for m in reading.landmarks if m.kind == "heading"] == [(1, "Limits"), (1, "Contacts")]
    assert [m.level for m in reading.landmarks if m.kind == "table"] == [len("Gift | Limit"), 0]
    assert reading.hidden == (Hidden(how="hidden sheet", text="not | shown"),)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (None, "General", ""),
        (True, "General", "TRUE"),
        (3, "General", "3"),
        (3.0, "General", "3"),
        (0.1 + 0.2, "General", "0.3"),
        (0.155, "0.0%", "15.5%"),
        (0.155, "0%", "16%"),
        (1, "0.0#%", "100.0%"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, '"£"#,##0', "£1,234"),
        (1234.56, "[$€-407] #,##0.00", "€ 1,234.56"),
        (-20, "£#,##0.00;[Red](£#,##0.00)", "(£20.00)"),
        (-20, "#,##0", "-20"),
        (-0.001, "0.00", "0.00"),
        (7, '0" years"', "7 years"),
        (7, '0 "days"_)', "7 days"),
        (0.5, "# ?/?", "0.5"),
        (datetime(2026, 7, 1), "dd/mm/yyyy", "2026-07-01"),
        (datetime(2026, 7, 1, 9, 30), "General", "2026-07-01 09:30"),
        (date(2026, 7, 1), "General", "2026-07-01"),
        (time(9, 30), "hh:mm", "09:30"),
        (timedelta(hours=30), "[h]:mm", "30:00"),
        ("#REF!", "General", "#REF!"),
    ],
)
def test_values_are_written_as_excel_shows_them(value: object, form: str, text: str) -> None:
    assert shown(value, form) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.text('#0?,.%;"[]()£/E+_*\\ d', max_size=12))
def test_no_format_breaks_a_number(value: float, form: str) -> None:
    assert isinstance(shown(value, form), str)


def test_a_workbook_without_values_is_refused() -> None:
    with pytest.raises(InputError, match="no text"):
        read(openpyxl.Workbook())
