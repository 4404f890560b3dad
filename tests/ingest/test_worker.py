"""The limited child reads what its reader reads; what breaks a limit is one sentence, and the next file works."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from assistant.config import Ingest
from assistant.errors import InputError
from ingest.readers import reader_for
from ingest.worker import ReaderPool

MANUAL = Path(__file__).resolve().parents[2] / "corpora" / "manual"


def test_it_reads_as_the_readers_do() -> None:
    files = [MANUAL / "glossary.md", MANUAL / "sanctions.html", MANUAL / "outsourcing.docx", MANUAL / "aml-policy.pdf"]
    with ReaderPool(Ingest()) as pool:
        for file in files:
            content = file.read_bytes()
            assert pool.read(content, file.suffix) == reader_for(file.suffix).read(content)


def test_limits_end_the_file_and_not_the_pool() -> None:
    slow = b"<p>One more paragraph" * 300_000
    with ReaderPool(Ingest(reader_seconds=1)) as pool:
        with pytest.raises(InputError, match=r"took longer than 1 s"):
            pool.read(slow, ".html")
        assert pool.read(b"Still here.", ".txt").text == "Still here."
        with pytest.raises(InputError, match="empty"):
            pool.read(b"", ".md")
        with pytest.raises(InputError, match="can't be read"):
            pool.read(b"x", ".xyz")
        assert pool.read(b"And here.", ".txt").text == "And here."


@pytest.mark.parametrize("limit", [128, 150])
def test_memory_is_limited(limit: int) -> None:
    with ReaderPool(Ingest(reader_memory_mb=limit)) as pool:
        with pytest.raises(InputError, match=f"limit of {limit} MB"):
            pool.read(b"<p>One more paragraph" * 300_000, ".html")
        assert pool.read(b"Still here.", ".txt").text == "Still here."


def test_a_pdf_that_inflates_ends_at_the_limit_and_not_the_pool() -> None:
    packed = zlib.compress(b"BT /F 12 Tf 72 700 Td (Hi) Tj ET\n" * 2_000_000, 9)
    parts = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n" % len(packed) + packed + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body = b"".join(b"%d 0 obj\n" % n + part + b"\nendobj\n" for n, part in enumerate(parts, 1))
    bomb = b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R/Size 6>>\nstartxref\n0\n%%EOF"
    assert len(bomb) < 300_000
    with ReaderPool(Ingest(reader_memory_mb=200)) as pool:
        with pytest.raises(InputError, match="limit of 200 MB"):
            pool.read(bomb, ".pdf")
        assert pool.read(b"Still here.", ".txt").text == "Still here."
