"""The sample manual as oracle: a PDF, DOCX or HTML rendered from a Markdown source reads as the source does."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from assistant.config import Split
from assistant.protocols import Reading
from ingest.canonical import is_canonical
from ingest.readers import SUFFIXES, reader_for
from ingest.split import split

CORPORA = Path(__file__).resolve().parents[2] / "corpora"
DOCUMENTS = sorted(path for path in (CORPORA / "manual").iterdir() if path.suffix in SUFFIXES)
SOURCES = CORPORA / "sources" / "manual"
NUMBER = re.compile(r"\d+(?:\.\d+)* ")


def reading_of(path: Path) -> Reading:
    return reader_for(path.suffix).read(path.read_bytes())


def headings(reading: Reading) -> list[tuple[int, str]]:
    return [(mark.level, mark.label) for mark in reading.landmarks if mark.kind == "heading"]


def tables(reading: Reading) -> list[tuple[int, str]]:
    found = [mark for mark in reading.landmarks if mark.kind == "table"]
    return [(mark.level, reading.text[mark.start : mark.end]) for mark in found if mark.level]


def body(reading: Reading) -> str:
    """From the first section on, cut words and list markers aside."""
    first = next(mark.start for mark in reading.landmarks if mark.kind == "heading")
    return re.sub(r"[^\w£%]+", " ", reading.text[first:])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_sections_are_landmarks_with_the_depth_of_their_number(path: Path) -> None:
    reading = reading_of(path)
    assert is_canonical(reading.text)
    assert reading.title
    found = headings(reading)
    assert len(found) > 5
    for level, label in found:
        number = NUMBER.match(label)
        if number:
            assert level == number[0].count(".") + 1
    for mark in reading.landmarks:
        assert mark.kind != "heading" or reading.text[mark.start : mark.end] == mark.label


@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if (SOURCES / f"{path.stem}.md").exists()], ids=lambda path: path.name
)
def test_every_format_reads_as_its_source(path: Path) -> None:
    source = reading_of(SOURCES / f"{path.stem}.md")
    reading = reading_of(path)
    assert reading.title == source.title
    assert headings(reading) == headings(source)
    assert tables(reading) == tables(source)
    assert body(reading) == body(source)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_section_is_found_by_its_number(path: Path) -> None:
    reading = reading_of(path)
    passages = split(
        reading.text,
        reading.landmarks,
        document_id="d",
        title=reading.title,
        count_tokens=lambda text: len(re.findall(r"\w+|[^\w\s]", text)),
        section=Split(),
    )
    assert all(before.end <= after.start for before, after in pairwise(passages))
    assert all(passage.page for passage in passages) is (path.suffix == ".pdf")
    for mark in reading.landmarks:
        if mark.kind == "heading" and mark.level > 1:
            assert any(mark.label in each.where and mark.label in each.text for each in passages), mark.label
