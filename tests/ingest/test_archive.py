"""ZIP archives: what is unpacked, and what is refused of them, in the limited child as in the function itself."""

from __future__ import annotations

import contextlib
import io
import random
import stat
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.config import Ingest
from assistant.errors import InputError
from ingest.readers.archive import Entry, entries
from ingest.worker import ReaderPool

LIMITS = Ingest(max_file_mb=1, archive_entries=20, archive_mb=2)


def packed(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for name, target in (links or {}).items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
    return out.getvalue()


def unpacked(data: bytes, limits: Ingest = LIMITS) -> dict[str, str | bytes]:
    return {entry.name: entry.refused or entry.content for entry in entries(data, limits)}


def test_documents_come_out_and_clutter_does_not() -> None:
    files = {
        "gifts.md": b"# Gifts", "deep/er/limits.txt": b"Limits", "deep\\windows.txt": b"W", "__MACOSX/gifts.md": b"x",
        ".DS_Store": b"x", "deep/.hidden.md": b"x", "~$gifts.docx": b"x", "folder/": b"",
    }  # fmt: skip
    assert unpacked(packed(files)) == {
        "gifts.md": b"# Gifts",
        "deep/er/limits.txt": b"Limits",
        "deep/windows.txt": b"W",
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../out.md", "leads out"), ("/etc/out.md", "leads out"), ("C:/out.md", "leads out"), ("a/../../out.md", "leads out"),
        ("..\\out.md", "leads out"), ("line\nbreak.md", "leads out"), ("inner.zip", "archive in the archive"),
        ("inner.tar", "archive in the archive"), ("tool.exe", "can't be read"), ("macro.docm", "macros"),
        ("none", "can't be read"),
    ],
)  # fmt: skip
def test_entries_are_refused_by_name(name: str, reason: str) -> None:
    (told,) = unpacked(packed({name: b"x"})).values()
    assert reason in str(told)


@given(st.text(max_size=30))
@example("\x00")
def test_no_name_that_is_unpacked_leads_out(name: str) -> None:
    info = zipfile.ZipInfo("x.md")
    info.filename = f"{name}.md"
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(info, b"x")
    except UnicodeEncodeError:  # lone surrogates: zipfile can't write such a name
        return
    for entry in entries(out.getvalue(), LIMITS):
        if not entry.refused:
            parts = entry.name.split("/")
            assert entry.name.isprintable()
            assert ".." not in parts
            assert not entry.name.startswith("/")


def test_links_doubles_and_large_files_are_refused() -> None:
    out = io.BytesIO(packed({"a.md": b"first"}))
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.md", b"second")
    told = list(entries(out.getvalue(), LIMITS))
    assert [bool(entry.refused) for entry in told] == [False, True]
    assert "link" in str(unpacked(packed({}, links={"passwd.md": "/etc/passwd"}))["passwd.md"])
    assert "limit is 1 MB" in str(unpacked(packed({"big.txt": b"x" * 1_100_000}))["big.txt"])
    assert "empty" in str(unpacked(packed({"empty.txt": b""}))["empty.txt"])


def test_bombs_are_refused() -> None:
    limits = Ingest(max_file_mb=50, archive_mb=100)
    assert "bomb" in str(unpacked(packed({"bomb.txt": b"\0" * 30_000_000}), limits)["bomb.txt"])
    with pytest.raises(InputError, match="archive_mb"):
        unpacked(packed({f"{n}.txt": bytes(range(256)) * 3500 for n in range(3)}))
    with pytest.raises(InputError, match="21 files, the limit is 20"):
        unpacked(packed({f"{n}.txt": b"x" for n in range(21)}))


def test_encrypted_and_damaged_entries_are_refused() -> None:
    data = bytearray(packed({"a.md": b"A gift over fifty pounds must be declared.", "b.md": b"whole"}))
    at = data.index(b"a.md") + 4
    damaged = bytes(data[: at + 3]) + b"\xff\xff\xff" + bytes(data[at + 6 :])
    assert "damaged" in str(unpacked(damaged)["a.md"])
    assert unpacked(damaged)["b.md"] == b"whole"
    for header, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(header) + offset] |= 1
    assert "encrypted" in str(unpacked(bytes(data))["a.md"])


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no archive", b"%PDF-1.7", packed({"a.md": b"x"})[:-10]])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        unpacked(data)


@given(st.data())
def test_damage_anywhere_is_a_reason_or_the_bytes(data: st.DataObject) -> None:
    source = bytearray(packed({"a.md": b"A gift over fifty pounds.", "b/c.txt": b"whole" * 40}))
    for at in data.draw(st.lists(st.integers(0, len(source) - 1), min_size=1, max_size=8)):
        source[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        for entry in entries(bytes(source), LIMITS):
            assert bool(entry.refused) != bool(entry.content)


def test_the_child_unpacks_within_its_limits() -> None:
    with ReaderPool(Ingest(reader_memory_mb=128, archive_mb=1000, max_file_mb=400)) as pool:
        assert pool.expand(packed({"a.md": b"x", "b.exe": b"y"})) == (
            Entry(name="a.md", content=b"x"),
            Entry(name="b.exe", refused=str(unpacked(packed({"b.exe": b"y"}))["b.exe"])),
        )
        with pytest.raises(InputError, match="something else"):
            pool.expand(b"no archive")
        noise = random.Random(1).randbytes(1_000_000) * 150  # packs about 150 times: under the bomb's proportion
        with pytest.raises(InputError, match="limit of 128 MB"):
            pool.expand(packed({"large.txt": noise}))
        assert pool.read(b"Still here.", ".txt").text == "Still here."
