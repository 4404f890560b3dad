"""Excel workbooks, by openpyxl, row by row: the values as they were last computed, nothing is calculated.

Each sheet is a section under its name. Blank rows part its blocks: one that fills a single column is prose, every other a
table whose first row names the columns where all its cells are text. Hidden sheets are left out and noted. Not covered:
hidden rows and columns (they are read), charts, comments, text boxes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from assistant.errors import InputError
from assistant.protocols import Hidden, Reading
from ingest.canonical import Canonical, one_line
from ingest.readers import package
from ingest.readers.xlsx_format import shown

_MOST_CELLS = 2_000_000


class XlsxReader:
    identity = "xlsx/1"
    suffixes = frozenset({".xlsx"})

    def read(self, data: bytes) -> Reading:
        """Raises `InputError` where the bytes are no workbook, are encrypted, damaged or hostile, or hold no values."""
        import openpyxl

        package.check(data, "an Excel workbook")
        made = Canonical()
        try:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                _sheet(made, sheet)
            title = book.properties.title or ""
            book.close()
        except _DAMAGED as error:
            raise InputError("The workbook is damaged; open it in Excel and save it again.") from error
        return made.build(title)


# What openpyxl raised on randomly damaged workbooks, beside what zipfile raises.
_DAMAGED = (*package.DAMAGED, SyntaxError, TypeError, AttributeError, IndexError, AssertionError, ArithmeticError)


def _sheet(made: Canonical, sheet: Any) -> None:
    """``sheet`` is openpyxl's `ReadOnlyWorksheet`."""
    sheet.reset_dimensions()  # what the file states of its own size may lie, and makes every row that wide
    rows = _counted(_row(cells) for cells in sheet.iter_rows())
    if sheet.sheet_state != "visible":
        for row in rows:
            made.hide(Hidden(how="hidden sheet", text=" | ".join(text for text, _ in row)))
        return
    blocks = [list(block) for filled, block in groupby(rows, key=bool) if filled]
    if blocks:
        made.heading(1, sheet.title)
    for block in blocks:
        _block(made, block)


_Row = list[tuple[str, bool]]  # by column: the text shown, and whether the value is text


def _row(cells: Iterable[Any]) -> _Row:
    """The row up to its last cell that shows something; empty where none does."""
    row = [(one_line(shown(cell.value, cell.number_format or "")), isinstance(cell.value, str)) for cell in cells]
    while row and not row[-1][0]:
        row.pop()
    return row


def _counted(rows: Iterable[_Row]) -> Iterator[_Row]:
    count = 0
    for row in rows:
        count += len(row)
        if count > _MOST_CELLS:
            raise InputError(f"A sheet has more than {_MOST_CELLS:,} cells; split the workbook.")
        yield row


def _block(made: Canonical, rows: list[_Row]) -> None:
    used = sorted({column for row in rows for column, (text, _) in enumerate(row) if text})
    texts = [[row[column][0] if column < len(row) else "" for column in used] for row in rows]
    if len(used) == 1:
        for (text,) in texts:
            made.paragraph(text)
        return
    while texts and sum(map(bool, texts[0])) == 1 and texts[0][0]:  # a caption above the table
        made.paragraph(texts.pop(0)[0])
        rows = rows[1:]
    header = len(rows) > 1 and all(is_text or not text for text, is_text in rows[0]) and all(texts[0])
    made.table(texts, header=header)
