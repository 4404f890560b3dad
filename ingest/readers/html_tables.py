"""HTML tables: which are only layout, and the rows of those that are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4.element import Tag

_MOST_SPAN = 200  # a rowspan beyond this is a mistake or a trap, not a table


def is_layout(table: Tag) -> bool:
    """True where the table only arranges the page: it says so, holds blocks of its own, or has a single column."""
    roles = [str(role) for role in table.get_attribute_list("role")]
    if "presentation" in roles or "none" in roles:
        return True
    if table.find(["table", "h1", "h2", "h3", "main", "article"]) is not None:
        return True
    return all(len(_cells(row)) <= 1 for row in _rows(table))


def rows_of(table: Tag, text_of: Callable[[Tag], str]) -> tuple[list[list[str]], bool]:
    """The rows, and whether the first one is a header.

    A cell over several rows is repeated in each (a row then says all that holds for it); one over several columns
    stands once. A header is a first row of ``<th>``, one in ``<thead>``, or one that alone is bold throughout.
    """
    rows: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}  # column -> rows still to fill, text
    for row in _rows(table):
        due, hanging = hanging, {}
        texts: list[str] = []
        for cell in [*_cells(row), None]:
            while len(texts) in due:
                left, text = due[len(texts)]
                if left > 1:
                    hanging[len(texts)] = (left - 1, text)
                texts.append(text)
            if cell is not None:
                if (span := _span(cell)) > 1:
                    hanging[len(texts)] = (span - 1, text_of(cell))
                texts.append(text_of(cell))
        rows.append(texts)
    return rows, _has_header(table)


def _has_header(table: Tag) -> bool:
    rows = _rows(table)
    if not rows:
        return False
    first = _cells(rows[0])
    if rows[0].find_parent("thead") is not None or (first and all(cell.name == "th" for cell in first)):
        return True
    return all(map(_is_bold, first)) and len(rows) > 1 and not all(map(_is_bold, _cells(rows[1])))


def _is_bold(cell: Tag) -> bool:
    bold = sum(len(tag.get_text().strip()) for tag in cell.find_all(["b", "strong"]))
    return bold >= len(cell.get_text().strip()) > 0


def _rows(table: Tag) -> list[Tag]:
    return [row for row in table.find_all("tr") if row.find_parent("table") is table]


def _cells(row: Tag) -> list[Tag]:
    return row.find_all(["td", "th"], recursive=False)


def _span(cell: Tag) -> int:
    value = str(cell.get("rowspan", "1"))
    return min(int(value), _MOST_SPAN) if value.isdigit() else 1
