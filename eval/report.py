"""A report as a person reads it: facts, tables and plots, as Markdown and as one HTML file that refers to nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from assistant.errors import InputError
from eval import plots


@dataclass(frozen=True, kw_only=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """``name``: of its file beside the Markdown, without suffix; ``svg`` as `eval.plots` draws it."""

    title: str
    name: str
    svg: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    title: str
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Table | Plot, ...]


_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2430;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .4rem}table{border-collapse:collapse;margin:.5rem 0}
th,td{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:right;font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}figure{margin:.5rem 0}svg{max-width:100%;height:auto}
p{margin:.3rem 0;color:#4a5261}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dd{margin:0}"""


def shown(value: object) -> str:
    """A figure as tables have it: three decimals, – where there is none."""
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def table(
    title: str, rows: Mapping[str, Mapping[str, object]], columns: Mapping[str, str], *, first: str = "", note: str = ""
) -> Table:
    """A row for each name in ``rows``; ``columns``: from a key of the values to its heading."""
    body = tuple((name, *(shown(values.get(key)) for key in columns)) for name, values in rows.items())
    return Table(title=title, columns=(first, *columns.values()), rows=body, note=note)


def prepare(folder: Path) -> None:
    """Before hours of measuring: can plots be drawn, is there a folder? `Unavailable`, `InputError`."""
    plots.ready()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} can't be made ({error.strerror}); give --report another folder.") from error


def write(report: Report, folder: Path) -> list[Path]:
    """Into a folder that `prepare` made: ``report.md`` with a file for each plot, and ``report.html`` by itself."""
    files = {"report.md": markdown(report), "report.html": html(report)}
    files |= {f"{part.name}.svg": part.svg for part in report.parts if isinstance(part, Plot)}
    try:
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder} can't be written ({error.strerror}); give --report another folder.") from error
    return [folder / name for name in files]


def markdown(report: Report) -> str:
    lines = [f"# {_plain(report.title)}", "", *(f"- {_plain(name)}: {_plain(value)}" for name, value in report.facts)]
    for part in report.parts:
        lines += ["", f"## {_plain(part.title)}", ""]
        if part.note:
            lines += [_plain(part.note), ""]
        if isinstance(part, Plot):
            lines.append(f"![{_plain(part.title)}]({part.name}.svg)")
        else:
            lines += [_row(part.columns), _row(["---", *("---:" for _ in part.columns[1:])]), *map(_row, part.rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """On one line, and no mark-up of its own."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def html(report: Report) -> str:
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in report.facts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{escape(report.title)}</h1>\n<dl>{facts}</dl>\n{''.join(map(_part, report.parts))}</body></html>\n"
    )


def _part(part: Table | Plot) -> str:
    note = f"<p>{escape(part.note)}</p>" if part.note else ""
    head = f"<h2>{escape(part.title)}</h2>{note}\n"
    if isinstance(part, Plot):
        return f'{head}<figure role="img" aria-label="{escape(part.title)}">{part.svg}</figure>\n'
    heads = "".join(f"<th>{escape(name)}</th>" for name in part.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in part.rows)
    return f"{head}<table><thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>\n"
