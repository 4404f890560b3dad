"""Damaged and hostile files against all readers, in the limited child as in production.

    python -m eval.fuzz_readers --count 10000 [--start 0] [--seed 0] [--seconds 110]

Input ``n`` follows from the seed and ``n`` alone, so that a run can be cut in pieces (``--start``) and any input made again
(``make(seed, n)``). Each is a file of the sample manual or a small one made on the spot, damaged: bytes flipped, cut out,
doubled, cut off, spliced with another file, tokens of the formats put in; of ZIP-based files the parts inside, packed anew
with right check sums; PDF streams inflated first, so that damage gets past the compression; and some under a wrong name.

A *crash of the run* is anything but a reading or an `InputError`. Prints counts by outcome, each distinct reason, and the
child's largest resident memory. What stands out is written beside: readings that are not canonical, refusals of more than
one line.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import sys
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.config import Ingest
from assistant.errors import InputError
from ingest.canonical import is_canonical
from ingest.readers import SUFFIXES
from ingest.worker import ReaderPool

MANUAL = Path(__file__).resolve().parents[1] / "corpora" / "manual"
_TOKENS = (
    b"\x00", b"\xff" * 8, b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"</w:p>", b"<w:p>" * 50, b"<table>" * 50,
    b"]]>", b"<![CDATA[",
    b"endobj",
    b"endstream", b"/Length 999999999", b"/Count -1", b"/Kids[1 0 R]", b"/W[99 99 99]", b"<< " * 100, b"\xed\xa0\x80",
    b"PK\x03\x04", b"PK\x05\x06", b"%PDF-", b"\xef\xbb\xbf", b"\xfe\xff", b"-1", b"4294967296", b"99999999999999999999", b"|-|-|",
    "\u202e\U000e0041\u200b".encode(), b"<style>", b"<!--", b"```", b"[" * 200, b"> " * 200, b'rowspan="99999"', b"<sup>",
)  # fmt: skip


@dataclass
class Result:
    """Counts of one run. ``crashes``: inputs by number with what was raised."""

    read: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def sources() -> list[tuple[str, bytes]]:
    """Suffix and bytes of the undamaged files: of each format a small one, more often, and the manual's smallest."""
    files = [(file.suffix, file.read_bytes()) for file in sorted(MANUAL.iterdir()) if file.suffix in SUFFIXES]
    smallest = [
        min((f for f in files if f[0] == suffix), key=lambda f: len(f[1])) for suffix in (".docx", ".pdf", ".html")
    ]
    notes = next(content for suffix, content in files if suffix == ".md")[:4000]
    page = next(content for suffix, content in files if suffix == ".html")[:6000]
    small = [
        (".txt", notes),
        (".md", notes),
        (".html", page),
        (".docx", _letter()),
        (".xlsx", _workbook()),
        (".pdf", _leaf()),
    ]
    return [*small * 3, *smallest, (".zip", _packed(small[:4]))]


def make(seed: int, number: int, files: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Input ``number``: its suffix and its bytes."""
    rng = random.Random(f"{seed}/{number}")
    suffix, data = rng.choice(files)
    if data[:2] == b"PK" and rng.random() < 0.7:
        data = _inside(data, rng)
    elif data[:4] == b"%PDF" and rng.random() < 0.7:
        data = _damaged(_inflated(data), rng)
    else:
        data = _damaged(data, rng)
    if rng.random() < 0.05:
        suffix = rng.choice(sorted(SUFFIXES))
    elif rng.random() < 0.05:
        other = rng.choice(files)[1]
        data = data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]
    return suffix, data


def run(numbers: range, seed: int, limits: Ingest, deadline: float) -> tuple[Result, int]:
    """The result, and the number of the first input that was not tried any more."""
    result = Result()
    files = sources()
    started = time.perf_counter()
    number = numbers.start
    with ReaderPool(limits) as pool:
        for number in numbers:
            if time.perf_counter() - started > deadline:
                break
            suffix, data = make(seed, number, files)
            try:
                if suffix == ".zip":
                    entries = pool.expand(data)
                    result.reasons.update(_form(entry.refused) for entry in entries if entry.refused)
                else:
                    reading = pool.read(data, suffix)
                    if not is_canonical(reading.text):
                        result.faults.append(f"{number}: not canonical")
                result.read += 1
            except InputError as refusal:
                result.refused += 1
                result.reasons[_form(str(refusal))] += 1
                if "\n" in str(refusal) or not str(refusal).strip():
                    result.faults.append(f"{number}: {refusal!r}")
            except Exception as error:  # noqa: BLE001 - what this script is there to find
                result.crashes.append(f"{number}: {error!r}")
        else:
            number = numbers.stop
    result.seconds = time.perf_counter() - started
    return result, number


def _form(reason: str) -> str:
    return "".join("#" if c.isdigit() else c for c in reason)[:110]


def _damaged(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(changed) + 1)
        length = rng.choice((1, 4, 64, 1000))
        match rng.randrange(6):
            case 0:
                for place in range(at, min(at + length, len(changed))):
                    changed[place] = rng.randrange(256)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length] * rng.choice((1, 2, 50))
            case 3:
                changed[at:at] = rng.choice(_TOKENS)
            case 4:
                if at < len(changed):
                    changed[at] ^= 1 << rng.randrange(8)
            case _:
                if rng.random() < 0.2:
                    del changed[at:]
        if not changed:
            return b""
    return bytes(changed)


def _inside(data: bytes, rng: random.Random) -> bytes:
    """One or two parts damaged, the container sound."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        hit = {rng.choice(names), rng.choice([name for name in names if name.endswith(".xml")] or names)}
        for name in names:
            content = old.read(name)
            new.writestr(name, _damaged(content, rng) if name in hit else content)
    return out.getvalue()


def _inflated(data: bytes) -> bytes:
    """A PDF with its Flate streams inflated where that is all there is to them; lengths are left wrong, PDFium mends them."""
    parts = data.split(b"stream\n")
    for at in range(1, len(parts)):
        packed, end, rest = parts[at].partition(b"endstream")
        try:
            parts[at] = zlib.decompress(packed) + b"\n" + end + rest
        except zlib.error:
            continue
        parts[at - 1] = parts[at - 1].replace(b"/FlateDecode", b"")
    return b"stream\n".join(parts)


def _letter() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("4.2 Thresholds", level=2)
    document.add_paragraph("A gift worth more than £50 must be declared.", style="List Number")
    table = document.add_table(rows=3, cols=2)
    for at, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"Cell {at}"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _leaf() -> bytes:
    """A PDF of one page, written by hand; its table of places is wrong, which PDFium mends."""
    lines = b" ".join(b"(%d. A gift worth more than 50 pounds must be declared.) Tj T*" % n for n in range(1, 20))
    stream = b"BT /F 12 Tf 14 TL 72 700 Td " + lines + b" ET 60 60 300 200 re S 60 100 m 360 100 l S"
    parts = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R>>",
        b"<</Length %d>>stream\n" % len(stream) + stream + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body = b"".join(b"%d 0 obj\n" % n + part + b"\nendobj\n" for n, part in enumerate(parts, 1))
    return b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R/Size 6>>\nstartxref\n0\n%%EOF"


def _workbook() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.create_sheet("Limits", 0)
    for row in range(60):
        sheet.append([f"Record {row}", row * 1.5, None, "six years" if row % 3 else True])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _packed(files: Sequence[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, (suffix, content) in enumerate(files):
            archive.writestr(f"folder/file {at}{suffix}", content)
    return out.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Damaged and hostile files against all readers.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    options = parser.parse_args(arguments)
    result, following = run(
        range(options.start, options.start + options.count), options.seed, Ingest(reader_seconds=30), options.seconds
    )
    told = {
        "inputs": result.read + result.refused + len(result.crashes),
        "read": result.read,
        "refused": result.refused,
        "crashes": result.crashes,
        "faults": result.faults,
        "reasons": dict(result.reasons.most_common()),
        "child_memory_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "seconds": round(result.seconds, 1),
        "next": following,
    }
    print(json.dumps(told, indent=1, ensure_ascii=False))
    return 1 if result.crashes or result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
