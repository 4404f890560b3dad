"""A source of the sample manual as values: its front block and its headings, paragraphs, lists and tables."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

BANK = "Calder Wray Bank plc"

FRONT_LABELS = {
    "owner": "Document owner",
    "version": "Version",
    "effective_from": "Effective from",
    "effective_to": "Effective to",
    "review_date": "Review date",
    "classification": "Classification",
}


@dataclass
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclass
class Heading:
    level: int
    text: str


@dataclass
class Para:
    runs: list[Run]


@dataclass
class List_:
    ordered: bool
    items: list[list[Run]]


@dataclass
class Table:
    header: list[list[Run]]
    rows: list[list[list[Run]]]


Block = Heading | Para | List_ | Table


@dataclass
class Document:
    name: str
    front: dict[str, str]
    blocks: list[Block] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.front["title"]

    def front_rows(self) -> list[tuple[str, str]]:
        return [(label, nice_date(self.front[key])) for key, label in FRONT_LABELS.items() if self.front.get(key)]


def nice_date(value: str) -> str:
    """`2026-07-01` as `1 July 2026`; anything else unchanged."""
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        return value
    return f"{day.day} {day:%B} {day.year}"


def front_block(text: str) -> tuple[dict[str, str], str]:
    match = re.match(r"\A---\n(.*?)\n---\n", text, re.S)
    if not match:
        raise ValueError("no front block")
    front: dict[str, str] = {}
    for line in match.group(1).splitlines():
        if not line.strip():
            continue
        key, _, value = line.partition(":")
        key = key.strip().lower().replace(" ", "_")
        key = {"document_owner": "owner"}.get(key, key)
        front[key] = value.strip().strip('"')
    return front, text[match.end() :]


def runs_of(inline) -> list[Run]:
    runs: list[Run] = []
    bold = italic = 0
    for token in inline.children or []:
        kind = token.type
        if kind == "strong_open":
            bold += 1
        elif kind == "strong_close":
            bold -= 1
        elif kind == "em_open":
            italic += 1
        elif kind == "em_close":
            italic -= 1
        elif kind in ("softbreak", "hardbreak"):
            runs.append(Run(" ", bool(bold), bool(italic)))
        elif kind == "code_inline":
            runs.append(Run(token.content, bool(bold), bool(italic), True))
        elif kind == "text" and token.content:
            runs.append(Run(token.content, bool(bold), bool(italic)))
    return runs


def plain(runs: list[Run]) -> str:
    return "".join(run.text for run in runs)


def heading_level(text: str, fallback: int) -> int:
    """The level a section number says: `4` is 1, `4.2` is 2, `4.2.1` is 3."""
    match = re.match(r"(\d+(?:\.\d+)*)\.?\s", text)
    return len(match.group(1).split(".")) if match else fallback


def read(path: Path) -> Document:
    front, body = front_block(path.read_text(encoding="utf-8"))
    doc = Document(path.stem, front)
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.type == "heading_open":
            text = plain(runs_of(tokens[i + 1]))
            if token.tag != "h1" or text != doc.title:
                level = heading_level(text, max(1, int(token.tag[1]) - 1))
                doc.blocks.append(Heading(min(level, 3), text))
            i += 3
        elif token.type == "paragraph_open":
            doc.blocks.append(Para(runs_of(tokens[i + 1])))
            i += 3
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            end, items, i = token.type.replace("open", "close"), [], i + 1
            while tokens[i].type != end:
                if tokens[i].type.endswith("list_open"):
                    raise ValueError(f"{path.name}: a list inside a list")
                if tokens[i].type == "inline":
                    items.append(runs_of(tokens[i]))
                i += 1
            doc.blocks.append(List_(token.type.startswith("ordered"), items))
            i += 1
        elif token.type == "table_open":
            rows: list[list[list[Run]]] = []
            while tokens[i].type != "table_close":
                if tokens[i].type == "tr_open":
                    rows.append([])
                elif tokens[i].type == "inline":
                    rows[-1].append(runs_of(tokens[i]))
                i += 1
            doc.blocks.append(Table(rows[0], rows[1:]))
            i += 1
        elif token.type == "hr":
            i += 1
        else:
            raise ValueError(f"{path.name}: cannot render {token.type}")
    return doc
