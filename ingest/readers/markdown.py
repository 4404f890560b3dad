"""Markdown (CommonMark with pipe tables), by markdown-it-py's tokens.

A front block between ``---`` lines is kept as lines "Key: value": owner, version and dates are asked for too. Nothing
is rendered, linked pictures and pages are never fetched; raw HTML is read by the HTML reader's rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.protocols import Reading
from ingest.canonical import Canonical, one_line
from ingest.readers.bytes import decode, require_text

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_KEY = re.compile(r"([A-Za-z][\w -]{0,40}):\s+(\S.*)")


class MarkdownReader:
    identity = "markdown/1"
    suffixes = frozenset({".md", ".markdown"})

    def read(self, data: bytes) -> Reading:
        """Raises `InputError` where the bytes are not text, have no known encoding or hold nothing."""
        from markdown_it import MarkdownIt

        require_text(data, "a Markdown file")
        text = decode(data)
        made = Canonical()
        title = ""
        front = _FRONT.match(text)
        if front and all(_KEY.match(line) or not line.strip() for line in front[1].splitlines()):
            title = _front_block(made, front[1])
            text = text[front.end() :]
        _blocks(made, MarkdownIt("commonmark").enable("table").parse(text))
        return made.build(title)


def _front_block(made: Canonical, block: str) -> str:
    """Adds the front block's lines but the title's; the title."""
    title = ""
    for line in block.splitlines():
        if found := _KEY.match(line):
            key, value = found[1].replace("_", " ").strip(), found[2].strip().strip("\"'")
            if key.lower() == "title":
                title = value
            else:
                made.item(f"{key[:1].upper()}{key[1:]}: {value}", marker="")
    return title


def _blocks(made: Canonical, tokens: Sequence[Token]) -> None:
    rows: list[list[str]] = []
    markers: list[str] = []
    fresh = False  # the next paragraph opens a list item
    heading = 0
    for token in tokens:
        match token.type:
            case "heading_open":
                heading = int(token.tag[1])
            case "heading_close":
                heading = 0
            case "bullet_list_open":
                markers.append("-")
            case "ordered_list_open":
                markers.append(str(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                markers.pop()
            case "list_item_open":
                fresh = True
            case "list_item_close":
                fresh = False
                if markers[-1].isdigit():
                    markers[-1] = str(int(markers[-1]) + 1)
            case "table_open":
                rows = []
            case "tr_open":
                rows.append([])
            case "table_close":
                made.table(rows, header=any(map(one_line, rows[0])))
                rows = []
            case "inline":
                text = _inline(token)
                if heading:
                    made.heading(heading, text)
                elif rows:
                    rows[-1].append(text)
                elif fresh:
                    made.item(text, marker=f"{markers[-1]}." if markers[-1].isdigit() else markers[-1])
                    fresh = False
                else:
                    made.paragraph(text)
            case "fence" | "code_block":
                made.paragraph(token.content)
            case "html_block":
                _html(made, token.content)
            case _:
                pass


def _inline(token: Token) -> str:
    parts: list[str] = []
    for child in token.children or []:
        match child.type:
            case "text" | "code_inline":
                parts.append(child.content)
            case "softbreak":
                parts.append(" ")
            case "hardbreak":
                parts.append("\n")
            case "html_inline" if child.content.lower().startswith("<br"):
                parts.append("\n")
            case "image":
                parts.append(child.content)
            case _:
                pass
    return "".join(parts)


def _html(made: Canonical, source: str) -> None:
    from ingest.readers.html import read_fragment

    read_fragment(made, source)
