"""Readers: bytes of one format to canonical text with landmarks. Each imports its library when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from assistant.errors import InputError
from assistant.protocols import Reader

_HOME = {
    ".txt": ("text", "TextReader"),
    ".md": ("markdown", "MarkdownReader"),
    ".markdown": ("markdown", "MarkdownReader"),
    ".html": ("html", "HtmlReader"),
    ".htm": ("html", "HtmlReader"),
    ".docx": ("docx", "DocxReader"),
    ".pdf": ("pdf", "PdfReader"),
}
SUFFIXES = frozenset(_HOME)


def reader_for(suffix: str) -> Reader:
    """The reader of files that end in ``suffix`` (".pdf", any case); `InputError` where there is none."""
    if suffix.lower() not in _HOME:
        known = ", ".join(sorted(SUFFIXES))
        raise InputError(f"Files of type {suffix or '(no suffix)'} can't be read; give one of {known}.")
    module, name = _HOME[suffix.lower()]
    return cast(Reader, getattr(import_module(f"ingest.readers.{module}"), name)())


def readers() -> tuple[Reader, ...]:
    """One of each; imports all their libraries."""
    return tuple(reader_for(suffix) for suffix in (".txt", ".md", ".html", ".docx", ".pdf"))
