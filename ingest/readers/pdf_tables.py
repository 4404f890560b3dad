"""Tables of a page: ruled ones from their grid, others from text that stands in columns."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.readers.pdf_page import Fragment
from ingest.readers.pdf_rules import Rule

_TOUCH = 2.5  # points: lines nearer than this meet
_ALIGNED = 3.0  # points: edges nearer than this are one column's
_MOST_RULES = 1500  # a page with more is a drawing


@dataclass(frozen=True, kw_only=True)
class Table:
    """Cells by row. ``edges``: where its columns begin; a table on the next page with the same edges continues it."""

    rows: list[list[str]]
    header: bool
    edges: tuple[float, ...]
    order: int


def ruled(fragments: Sequence[Fragment], rules: Sequence[Rule]) -> tuple[list[Table], list[Fragment]]:
    """Tables with vertical and horizontal rules; the fragments that stand in none."""
    tables: list[Table] = []
    left = list(fragments)
    for group in _connected(rules):
        columns = _positions([rule.x0 for rule in group if rule.x0 == rule.x1])
        lines = _positions([rule.y0 for rule in group if rule.y0 == rule.y1])
        if len(columns) < 3 or len(lines) < 2:
            continue
        inside = [f for f in left if columns[0] - 1 < f.x0 < columns[-1] and lines[0] < f.middle < lines[-1]]
        cells: dict[tuple[int, int], list[Fragment]] = {}
        for fragment in inside:
            row = len(lines) - bisect_right(lines, fragment.middle) - 1
            column = min(max(bisect_right(columns, fragment.x0 + 1) - 1, 0), len(columns) - 2)
            cells.setdefault((row, column), []).append(fragment)
        if len(cells) < 2:
            continue
        tables.append(_table(cells, tuple(columns[:-1])))
        taken = {id(fragment) for fragment in inside}
        left = [fragment for fragment in left if id(fragment) not in taken]
    return tables, left


def aligned(fragments: Sequence[Fragment]) -> tuple[list[Table], list[Fragment]]:
    """Tables without rules: at least two neighbouring rows of at least two cells whose edges agree."""
    tables: list[Table] = []
    left: list[Fragment] = []
    run: list[_Row] = []

    def end_run() -> None:
        if len(run) >= 2:
            edges = tuple(cell[0].x0 for cell in max(run, key=lambda row: len(row.cells)).cells)
            cells: dict[tuple[int, int], list[Fragment]] = {}
            for at, row in enumerate(run):
                for cell in row.cells:
                    nearest = min(range(len(edges)), key=lambda c: abs(edges[c] - cell[0].x0))
                    cells.setdefault((at, nearest), []).extend(cell)
            tables.append(_table(cells, edges))
        else:
            left.extend(fragment for row in run for cell in row.cells for fragment in cell)
        run.clear()

    for row in _rows(fragments):
        if len(row.cells) < 2 or row.is_long:
            end_run()
            left.extend(fragment for cell in row.cells for fragment in cell)
            continue
        if run and not _agree(run[-1], row):
            end_run()
        run.append(row)
    end_run()
    return tables, sorted(left, key=lambda fragment: fragment.order)


def _table(cells: dict[tuple[int, int], list[Fragment]], edges: tuple[float, ...]) -> Table:
    numbers = sorted({row for row, _ in cells})
    columns = range(max(column for _, column in cells) + 1)
    grid = [[cells.get((row, column), []) for column in columns] for row in numbers]
    return Table(
        rows=[[_cell_text(cell) for cell in row] for row in grid],
        header=len(grid) > 1 and _all_bold(grid[0]) and not _all_bold(grid[1]),
        edges=edges,
        order=min(fragment.order for cell in cells.values() for fragment in cell),
    )


def _all_bold(row: Sequence[list[Fragment]]) -> bool:
    return all(fragment.bold for cell in row for fragment in cell) and any(row)


def _cell_text(cell: list[Fragment]) -> str:
    """Lines from top to bottom, each from left to right; a word cut at a line's end stays with its hyphen."""
    text = ""
    for fragment in sorted(cell, key=lambda f: (-round(f.y), f.x0)):
        joint = "" if not text or (text.endswith("-") and text[-2:-1].isalpha()) else " "
        text += joint + fragment.text
    return text


# ----------------------------------------------------------------------------------------------- rules


def _connected(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Groups of rules that touch; none on a page that is a drawing."""
    groups: list[list[Rule]] = []
    distinct = {(round(r.x0), round(r.y0), round(r.x1), round(r.y1)): r for r in rules}
    for rule in distinct.values() if len(distinct) <= _MOST_RULES else ():
        touching = [group for group in groups if any(_touch(rule, other) for other in group)]
        merged = [rule, *(other for group in touching for other in group)]
        groups = [group for group in groups if group not in touching] + [merged]
    return groups


def _touch(a: Rule, b: Rule) -> bool:
    return a.x0 - _TOUCH <= b.x1 and b.x0 - _TOUCH <= a.x1 and a.y0 - _TOUCH <= b.y1 and b.y0 - _TOUCH <= a.y1


def _positions(values: Sequence[float]) -> list[float]:
    """Distinct positions, ascending."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _TOUCH:
            found.append(value)
    return found


# --------------------------------------------------------------------------------------------- columns


@dataclass
class _Row:
    """Cells from left to right, each its lines from top to bottom, in content order."""

    cells: list[list[Fragment]]

    @property
    def is_long(self) -> bool:
        """Columns of prose, not cells."""
        return any(len(cell) > 12 for cell in self.cells)


def _rows(fragments: Sequence[Fragment]) -> list[_Row]:
    """Fragments to rows, in content order: what stands right of a row on its first baseline is its next cell."""
    rows: list[_Row] = []
    for fragment in fragments:
        row = rows[-1] if rows else None
        if row is not None and len(row.cells) == 1:
            right = fragment.x0 > row.cells[0][-1].x1
            level = [f for f in row.cells[0] if abs(f.y - fragment.y) < 0.3 * f.size] if right else []
            if level and fragment.x0 > max(f.x1 for f in row.cells[0][row.cells[0].index(level[0]) :]):
                at = row.cells[0].index(level[0])
                if at:  # lines of prose above the table's first row
                    rows[-1:] = [_Row([row.cells[0][:at]]), _Row([row.cells[0][at:]])]
                rows[-1].cells.append([fragment])
                continue
        elif row is not None:
            top, last = row.cells[0][0], row.cells[-1][-1]
            if abs(top.y - fragment.y) < 0.3 * top.size and fragment.x0 > last.x1:
                row.cells.append([fragment])
                continue
        if row is not None and _follows(row.cells[-1][-1], fragment):
            row.cells[-1].append(fragment)
        else:
            rows.append(_Row([[fragment]]))
    return rows


def _follows(last: Fragment, fragment: Fragment) -> bool:
    return abs(last.x0 - fragment.x0) < _ALIGNED and 0 < last.y - fragment.y < 1.6 * last.size


def _agree(above: _Row, below: _Row) -> bool:
    """Most columns of the shorter row begin, end or centre where one of the other does."""
    shorter, longer = sorted((above.cells, below.cells), key=len)
    matched = sum(any(_same_column(cell[0], other[0]) for other in longer) for cell in shorter)
    near = above.cells[0][-1].y - below.cells[0][0].y < 4 * above.cells[0][0].size
    return near and matched >= 2 and matched * 3 >= len(longer) * 2


def _same_column(a: Fragment, b: Fragment) -> bool:
    return abs(a.x0 - b.x0) < _ALIGNED or abs(a.x1 - b.x1) < _ALIGNED or abs(a.x0 + a.x1 - b.x0 - b.x1) < 2 * _ALIGNED


def same_edges(above: Table, below: Table) -> bool:
    return len(above.edges) == len(below.edges) and all(
        abs(a - b) < _ALIGNED for a, b in zip(above.edges, below.edges, strict=True)
    )
