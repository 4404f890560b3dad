"""How fast each reader is, and how well the HTML reader tells a page's text from its furniture.

    python -m eval.bench_readers [--folder corpora/manual] [--seconds 2] [--in-worker]
    python -m eval.bench_readers [--folder …] --side-by-side 20
    python -m eval.bench_readers --pages DIR          # saved web pages of one site

The first form reads every file of the folder, and a PDF and a workbook of many pages made on the spot, again and again for
``--seconds`` each and prints files, megabytes and (PDF) pages a second of *processor* time, which other work on the machine
changes less than the clock; beside it, in turns, the pages a second of PDFium alone (each page's text taken and thrown away),
which is what a reading can't beat. ``--in-worker`` reads through the limited child and counts the clock instead.

The second reads the folder's PDFs, so many rounds of them, as an ingestion reads: several limited children at once. It prints
pages a second by the clock, after the children have started.

The third form prints, of all pages: headings of the page's main part that the reading has too; paragraphs of 60 letters
and more of which it has the beginning; and the share of the text in lines that stand on a third of the pages or more: what
is left of navigation, notices and footers.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from assistant.config import Ingest
from assistant.errors import InputError
from assistant.protocols import Reading
from ingest.parallel import read_all
from ingest.readers import SUFFIXES, reader_for
from ingest.worker import ReaderPool

_LONG = 60


def throughput(files: Sequence[tuple[str, bytes]], seconds: float, *, in_worker: bool) -> dict[str, dict[str, float]]:
    """By kind. ``files``: kind, whose last word is the suffix, and bytes."""
    by_kind: dict[str, list[bytes]] = defaultdict(list)
    for kind, content in files:
        by_kind[kind].append(content)
    told: dict[str, dict[str, float]] = {}
    with ReaderPool(Ingest()) as pool:
        for kind, contents in sorted(by_kind.items()):
            clock: Callable[[], float] = time.perf_counter if in_worker else time.process_time
            told[kind] = _timed(kind.split()[-1], contents, seconds, clock, pool if in_worker else None)
    return told


def _timed(
    suffix: str, contents: Sequence[bytes], seconds: float, clock: Callable[[], float], pool: ReaderPool | None
) -> dict[str, float]:
    def read(content: bytes) -> Reading:
        return pool.read(content, suffix) if pool else reader_for(suffix).read(content)

    pages = [sum(mark.kind == "page" for mark in read(content).landmarks) for content in contents]  # libraries loaded
    rounds, spent, alone = 0, 0.0, 0.0
    while rounds == 0 or spent < seconds:
        started = clock()
        for content in contents:
            read(content)
        between = clock()
        if suffix == ".pdf" and pool is None:
            for content in contents:
                _text_alone(content)
        spent, alone, rounds = spent + between - started, alone + clock() - between, rounds + 1
    result = {
        "files": len(contents),
        "files_per_s": round(rounds * len(contents) / spent, 1),
        "mb_per_s": round(rounds * sum(map(len, contents)) / 1e6 / spent, 2),
    }
    if any(pages):
        result["pages_per_s"] = round(rounds * sum(pages) / spent, 1)
        if suffix == ".pdf" and pool is None:
            result["pdfium_pages_per_s"] = round(rounds * sum(pages) / alone, 1)
    return result


def side_by_side(contents: list[bytes], rounds: int) -> dict[str, float]:
    """PDFs through `ingest.parallel.read_all`, one child a core. The first round, in which they start, is not counted."""
    cores = max(1, os.cpu_count() or 1)
    first = cores * len(contents)
    files = [*contents * cores, *contents * rounds]
    pages, started = 0, 0.0
    loads = ((partial(bytes, content), ".pdf") for content in files)
    for number, found in enumerate(read_all(loads, Ingest(), cores)):
        if isinstance(found, InputError):
            raise found
        if number + 1 == first:
            started = time.perf_counter()
        elif started:
            pages += sum(mark.kind == "page" for mark in found[1].landmarks)
    return {"children": cores, "pages": pages, "pages_per_s": round(pages / (time.perf_counter() - started), 1)}


def _text_alone(content: bytes) -> None:
    """Every page's text, by PDFium, and nothing made of it."""
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    for page in document:
        text = page.get_textpage()
        text.get_text_range()
        text.close()
        page.close()
    document.close()


def page_quality(folder: Path) -> dict[str, Any]:
    """The third form's figures, over every ``*.html`` of ``folder``."""
    from bs4 import BeautifulSoup

    readings = {file: reader_for(".html").read(file.read_bytes()) for file in sorted(folder.glob("*.html"))}
    lines = Counter(line for reading in readings.values() for line in set(reading.text.split("\n")))
    often = {line for line, count in lines.items() if count >= max(2, len(readings) / 3)}
    counts: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for file, reading in readings.items():
        page = BeautifulSoup(file.read_bytes(), "lxml")
        main = page.select_one("main, [role=main], article") or page
        text = _letters(reading.text)
        for heading in main.find_all(["h1", "h2", "h3", "h4", "h5", "h6"]):
            wanted = _letters(heading.get_text())
            if wanted:
                found = any(
                    _letters(mark.label).endswith(wanted) for mark in reading.landmarks if mark.kind == "heading"
                )
                kept = found or wanted == _letters(reading.title)
                counts["headings kept" if kept else "headings left out"] += 1
                lost[" ".join(heading.get_text().split())[:60]] += not kept
        for part in main.find_all(["p", "li", "td"]):
            letters = _letters(part.get_text())
            if len(letters) >= _LONG and part.find(["p", "li", "td"]) is None:
                counts["paragraphs kept" if letters[:40] in text else "paragraphs left out"] += 1
    total = sum(len(reading.text) for reading in readings.values())
    repeated = sum(len(line) for reading in readings.values() for line in reading.text.split("\n") if line in often)
    return {
        "pages": len(readings),
        **counts,
        "repeated_share": round(repeated / max(total, 1), 5),
        "repeated_lines": sorted(line[:80] for line in often if line),
        "headings_left_out": {name: count for name, count in lost.most_common(12) if count},
    }


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha())


def _long_pdf(pages: int) -> bytes:
    """A text PDF of ``pages`` pages of 45 lines, written by hand."""
    line = b"(A gift worth more than 50 pounds must be declared to the team within five working days of receipt.) Tj T*"
    stream = b"BT /F 10 Tf 14 TL 60 780 Td " + b" ".join([line] * 45) + b" ET"
    kids = b" ".join(b"%d 0 R" % (5 + n) for n in range(pages))
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids),
        b"<</Length %d>>stream\n" % len(stream) + stream + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 4 0 R>>>>/Contents 3 0 R>>"
    body, places = b"%PDF-1.7\n", list[int]()
    for number, part in enumerate([*parts, *[page] * pages], 1):
        places.append(len(body))
        body += b"%d 0 obj\n" % number + part + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(places) + 1
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n" % size
        + table
        + b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF"
        % (
            size,
            len(body),
        )
    )


def _long_workbook(rows: int) -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Register")
    sheet.append(["Record", "Kept for", "Owner", "Limit"])
    for row in range(rows):
        sheet.append([f"Record {row}", f"{row % 9} years", "Compliance", row * 1.5])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Throughput and page quality of the readers.")
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parents[1] / "corpora" / "manual")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--in-worker", action="store_true")
    parser.add_argument("--side-by-side", type=int, metavar="ROUNDS")
    parser.add_argument("--pages", type=Path)
    options = parser.parse_args(arguments)
    if options.pages:
        told: dict[str, Any] = page_quality(options.pages)
    elif options.side_by_side:
        told = side_by_side([f.read_bytes() for f in sorted(options.folder.glob("*.pdf"))], options.side_by_side)
    else:
        files = [
            (f.suffix.lower(), f.read_bytes()) for f in sorted(options.folder.iterdir()) if f.suffix.lower() in SUFFIXES
        ]
        files += [("made .pdf", _long_pdf(100)), ("made .xlsx", _long_workbook(2000))]
        told = throughput(files, options.seconds, in_worker=options.in_worker)
    print(json.dumps(told, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
