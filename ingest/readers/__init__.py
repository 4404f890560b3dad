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
    ".xlsx": ("xlsx", "XlsxReader"),
    ".pdf": ("pdf", "PdfReader"),
}
SUFFIXES = frozenset(_HOME)
_MACROS = {".docm": ".docx", ".dotm": ".docx", ".xlsm": ".xlsx", ".xlsb": ".xlsx", ".xltm": ".xlsx", ".pptm": ".pdf"}
_OLD = {
    ".doc": ".docx",
    ".rtf": ".docx",
    ".odt": ".docx",
    ".xls": ".xlsx",
    ".ods": ".xlsx",
    ".ppt": ".pdf",
    ".pptx": ".pdf",
}


def reader_for(suffix: str) -> Reader:
    """The reader of files that end in ``suffix`` (".pdf", any case); `InputError` where there is none."""
    if suffix.lower() not in _HOME:
        raise InputError(why_not(suffix))
    module, name = _HOME[suffix.lower()]
    return cast(Reader, getattr(import_module(f"ingest.readers.{module}"), name)())


def why_not(suffix: str) -> str:
    """Why files that end in ``suffix`` are refused, and what to do; "" where there is a reader for them."""
    suffix = suffix.lower()
    if suffix in _HOME:
        return ""
    if suffix in _MACROS:
        return f"Files of type {suffix} can hold macros; save it as {_MACROS[suffix]}."
    if suffix in _OLD:
        return f"Files of type {suffix} can't be read; save it as {_OLD[suffix]}."
    known = ", ".join(sorted(SUFFIXES))
    return f"Files of type {suffix or '(no suffix)'} can't be read; give one of {known}."


def readers() -> tuple[Reader, ...]:
    """One of each; imports all their libraries."""
    return tuple(reader_for(suffix) for suffix in (".txt", ".md", ".html", ".docx", ".xlsx", ".pdf"))
