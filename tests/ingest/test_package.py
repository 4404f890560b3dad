"""Office files that are hostile or not what they say: each refused with its own reason."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pytest

from assistant.errors import InputError
from ingest.readers import SUFFIXES, package, reader_for, why_not

PART = {".docx": "word/document.xml", ".xlsx": "xl/worksheets/sheet1.xml"}


def office(suffix: str) -> bytes:
    out = io.BytesIO()
    if suffix == ".docx":
        document = docx.Document()
        document.add_paragraph("A gift over £50 must be declared.")
        document.save(out)
    else:
        book = openpyxl.Workbook()
        book.active.append(["A gift over £50 must be declared."])
        book.save(out)
    return out.getvalue()


def altered(data: bytes, change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in (extra or {}).items():
            new.writestr(name, content)
    return out.getvalue()


def same(name: str, content: bytes) -> bytes:
    return content


@pytest.fixture(params=[".docx", ".xlsx"])
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def refused(suffix: str, data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        reader_for(suffix).read(data)
    return str(caught.value)


def test_an_untouched_copy_is_read(suffix: str) -> None:
    assert "declared" in reader_for(suffix).read(altered(office(suffix), same)).text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("document_type", ["DOCTYPE", "doctype"])
def test_entities_are_refused(suffix: str, encoding: str, document_type: str) -> None:
    entity = (
        f'<?xml version="1.0" encoding="{encoding}"?><!{document_type} x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    )

    def hostile(name: str, content: bytes) -> bytes:
        return (entity + content.decode().partition("?>")[2]).encode(encoding) if name == PART[suffix] else content

    assert "entities" in refused(suffix, altered(office(suffix), hostile))


def test_an_encoding_that_could_hide_entities_is_refused(suffix: str) -> None:
    def hostile(name: str, content: bytes) -> bytes:
        if name != PART[suffix]:
            return content
        body = content.decode().partition("?>")[2]
        return ('<?xml version="1.0" encoding="cp037"?>' + body).encode("cp037")

    assert "encoding" in refused(suffix, altered(office(suffix), hostile))


def test_macros_are_refused(suffix: str) -> None:
    assert "macros" in refused(suffix, altered(office(suffix), same, {"word/vbaProject.bin": b"x"}))

    def declared(name: str, content: bytes) -> bytes:
        return content.replace(b"+xml", b".macroEnabled.main+xml", 1) if name == "[Content_Types].xml" else content

    assert "macros" in refused(suffix, altered(office(suffix), declared))


def test_a_bomb_is_refused_by_its_proportion(suffix: str) -> None:
    assert "bomb" in refused(suffix, altered(office(suffix), same, {"bomb.xml": b"<a>" + b" " * 20_000_000}))


def test_the_whole_is_limited_too(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MOST_BYTES", 10_000)  # the true limit would take 200 MB to reach
    assert "inflates to more than" in refused(suffix, office(suffix))


def test_too_many_parts_are_refused(suffix: str) -> None:
    many = {f"part{n}.bin": b"" for n in range(package.MOST_PARTS)}
    assert "parts" in refused(suffix, altered(office(suffix), same, many))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused(suffix: str) -> None:
    assert "same name" in refused(suffix, altered(office(suffix), same, {PART[suffix]: b"<a/>"}))


def test_the_other_kind_is_named(suffix: str) -> None:
    other = {".docx": ".xlsx", ".xlsx": ".docx"}[suffix]
    wanted = {".docx": "an Excel workbook", ".xlsx": "a Word document"}[suffix]
    assert f"its content says {wanted}" in refused(suffix, office(other))
    assert "another ZIP" in refused(suffix, altered(b"PK\x05\x06" + b"\0" * 18, same, {"a.txt": b"x"}))
    assert "old or password-protected" in refused(suffix, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert "a picture" in refused(suffix, b"\x89PNG\r\n\x1a\n")


def test_types_that_are_not_read_say_what_to_do() -> None:
    assert all(why_not(suffix) == "" for suffix in SUFFIXES)
    assert "macros; save it as .docx" in why_not(".DOCM")
    assert "macros; save it as .xlsx" in why_not(".xlsm")
    assert "save it as .xlsx" in why_not(".xls")
    assert ".pdf" in why_not("")
