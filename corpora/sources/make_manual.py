#!/usr/bin/env python3
"""Render the sources of the sample manual to PDF, DOCX and HTML.

    python corpora/sources/make_manual.py            render everything
    python corpora/sources/make_manual.py aml-policy render one document
    python corpora/sources/make_manual.py --check    fail if a rendered file is out of date

Each source is `corpora/sources/manual/NAME.md`: a front block between `---` lines
(title, owner, version, effective_from, review_date, classification), then headings that
carry their own section numbers, paragraphs, lists and pipe tables. The rendered files go
to `corpora/manual/`. Rendering the same source twice gives the same bytes.

Needs reportlab, python-docx and markdown-it-py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from manual_docx import to_docx
from manual_html import to_html, to_old_html
from manual_pdf import to_pdf
from manual_source import Document, read

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "manual"
OUTPUT = HERE.parent / "manual"

# The format each document is published in.
FORMATS = {
    "aml-policy": "pdf",
    "customer-due-diligence": "pdf",
    "incident-reporting": "pdf",
    "data-protection": "pdf",
    "outsourcing": "docx",
    "gifts-and-hospitality-2024": "docx",
    "gifts-and-hospitality-2026": "docx",
    "code-of-conduct": "docx",
    "conflicts-of-interest": "docx",
    "disciplinary-procedure": "docx",
    "sanctions": "html",
    "training-and-competence": "html",
    "complaints": "html",
    "whistleblowing": "html",
}
# Saved from the bank's previous intranet: same text, untidier page.
OLD_INTRANET = {"training-and-competence"}


def render(doc: Document) -> tuple[Path, bytes]:
    kind = FORMATS[doc.name]
    if kind == "pdf":
        data = to_pdf(doc)
    elif kind == "docx":
        data = to_docx(doc)
    elif doc.name in OLD_INTRANET:
        data = to_old_html(doc)
    else:
        data = to_html(doc)
    return OUTPUT / f"{doc.name}.{kind}", data


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Render the sample manual from its Markdown sources.")
    parser.add_argument("names", nargs="*", help="documents to render (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a rendered file is out of date")
    args = parser.parse_args(argv)
    names = args.names or sorted(path.stem for path in SOURCES.glob("*.md"))
    stale = 0
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name in names:
        path, data = render(read(SOURCES / f"{name}.md"))
        if args.check:
            if not path.exists() or path.read_bytes() != data:
                print(f"out of date: {path.name}")
                stale += 1
        else:
            path.write_bytes(data)
            print(f"{path.name}: {len(data):,} bytes")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
