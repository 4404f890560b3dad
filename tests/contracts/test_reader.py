"""What every `Reader` promises, run against all of them."""

from __future__ import annotations

import io
from collections.abc import Callable

import docx
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate

from assistant.errors import InputError
from assistant.protocols import Reader
from ingest.canonical import is_canonical
from ingest.readers import SUFFIXES, reader_for, readers

HEADING = "4.2 Thresholds"
PROSE = "A gift worth more than £50 must be declared within five working days."


def _docx() -> bytes:
    document = docx.Document()
    document.add_heading(HEADING, level=2)
    document.add_paragraph(PROSE)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = HEADING
    book.active.append([PROSE])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _pdf() -> bytes:
    out = io.BytesIO()
    style = getSampleStyleSheet()
    story = [Paragraph(HEADING, style["Heading2"]), Paragraph(PROSE, style["BodyText"])]
    SimpleDocTemplate(out, invariant=1).build(story)
    return out.getvalue()


SAMPLES: dict[str, Callable[[], bytes]] = {
    ".txt": lambda: f"{HEADING}\n\n{PROSE}".encode(),
    ".md": lambda: f"## {HEADING}\n\n{PROSE}".encode(),
    ".html": lambda: f"<h2>{HEADING}</h2><p>{PROSE}</p>".encode(),
    ".docx": _docx,
    ".xlsx": _xlsx,
    ".pdf": _pdf,
}


@pytest.fixture(params=readers(), ids=lambda reader: reader.identity)
def reader(request: pytest.FixtureRequest) -> Reader:
    return request.param  # type: ignore[no-any-return]  # pytest types it Any


@pytest.fixture
def sample(reader: Reader) -> bytes:
    return next(make() for suffix, make in SAMPLES.items() if suffix in reader.suffixes)


def test_identity_and_suffixes_are_distinct_data() -> None:
    everyone = readers()
    assert len({each.identity for each in everyone}) == len(everyone)
    assert sum(len(each.suffixes) for each in everyone) == len(SUFFIXES)
    for each in everyone:
        name, _, version = each.identity.partition("/")
        assert name
        assert version.isdigit()
        assert all(type(reader_for(suffix)) is type(each) for suffix in each.suffixes)


def test_it_reads_canonical_text_with_landmarks_that_hold(reader: Reader, sample: bytes) -> None:
    reading = reader.read(sample)
    assert reading.text == f"{HEADING}\n\n{PROSE}"
    assert is_canonical(reading.text)
    (heading,) = [mark for mark in reading.landmarks if mark.kind == "heading"]
    assert (reading.text[heading.start : heading.end], heading.label, heading.level) == (HEADING, HEADING, 1)


def test_the_same_bytes_read_the_same(reader: Reader, sample: bytes) -> None:
    assert reader.read(sample) == reader.read(sample) == type(reader)().read(sample)


def test_empty_bytes_are_refused(reader: Reader) -> None:
    with pytest.raises(InputError):
        reader.read(b"")


def test_another_formats_bytes_are_refused(reader: Reader) -> None:
    for suffix in (".docx", ".xlsx", ".pdf"):
        if suffix not in reader.suffixes:
            with pytest.raises(InputError):
                reader.read(SAMPLES[suffix]())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_bytes_are_read_canonically_or_refused(reader: Reader, sample: bytes, data: st.DataObject) -> None:
    damaged = bytearray(sample)
    for at in data.draw(st.lists(st.integers(0, len(sample) - 1), min_size=1, max_size=20)):
        damaged[at] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(1, len(sample)))]
    try:
        reading = reader.read(bytes(damaged))
    except InputError as refusal:
        message = str(refusal)
    else:
        message = ""
        assert is_canonical(reading.text)
        assert all(0 <= mark.start < mark.end <= len(reading.text) for mark in reading.landmarks)
    assert "\n" not in message
