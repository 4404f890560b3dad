"""Collections and their files as found on disk."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from assistant.config import Ingest
from assistant.errors import InputError
from assistant.types import Access
from ingest.discover import Discovered, discover
from ingest.manifest import NAME, load_manifest

HEAD = """
id = "manual"
title = "Manual"
owner = "Compliance"
licence = "Apache-2.0"
review_date = 2027-03-31
access = { allow = ["staff"] }
"""


def collection(folder: Path, documents: str = "", head: str = HEAD, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_text(head + documents)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def found(folder: Path, *paths: Path, given: Path | None = None, **limits: int) -> Discovered:
    return discover(folder, paths, given, Ingest(**limits) if limits else Ingest())


def test_files_carry_what_is_declared(tmp_path: Path) -> None:
    folder = collection(
        tmp_path / "corpora" / "manual",
        """
[[documents]]
path = "old.md"
key = "gifts"
effective_from = 2024-04-01
[[documents]]
path = "new.md"
key = "gifts"
title = "Gifts"
effective_from = 2026-07-01
supersedes = "old.md"
access = { allow = ["hr"], deny = ["guest"] }
""",
        old__md="old",
        new__md="new",
        plain__txt="plain",
    )
    everything = found(tmp_path / "corpora")
    assert [c.id for c in everything.collections] == ["manual"]
    assert everything.collections[0].access == Access(allow=frozenset({"staff"}))
    new, old, plain = everything.files
    assert (new.uri, new.key, new.title) == ("manual/new.md", "manual/gifts", "Gifts")
    assert new.supersedes == "manual/old.md"
    assert new.access == Access(allow=frozenset({"hr"}), deny=frozenset({"guest"}))
    assert old.effective_to == date(2026, 6, 30), "superseded the day before"
    assert (plain.key, plain.title, plain.access) == ("manual/plain.txt", "", None)
    assert plain.sha256 == hashlib.sha256(b"plain").hexdigest()
    assert found(folder) == found(tmp_path / "corpora") == found(tmp_path / "corpora", folder / "new.md")


def test_refusals_name_the_reason_and_stop_nothing(tmp_path: Path) -> None:
    folder = collection(
        tmp_path / "manual",
        '[[documents]]\npath = "gone.md"\n',
        good__md="good",
        sheet__xls="x",
        empty__txt="",
        large__txt="x" * 1_000_001,
        questions__jsonl="{}",
    )
    (folder / ".hidden.md").write_text("hidden")
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.md").write_text("deep")
    (tmp_path / "secret.md").write_text("secret")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    result = found(folder, max_file_mb=1)
    assert [file.uri for file in result.files] == ["manual/good.md", "manual/sub/deep.md"]
    assert {r.uri: r.reason.split()[0:3] for r in result.refused} == {
        "manual/empty.txt": ["The", "file", "is"],
        "manual/gone.md": ["It", "is", "listed"],
        "manual/large.txt": ["It", "has", "1.0"],
        "manual/link.md": ["It", "is", "a"],
        "manual/sheet.xls": ["Files", "of", "type"],
    }


def test_two_versions_in_force_at_once_are_both_refused(tmp_path: Path) -> None:
    folder = collection(
        tmp_path,
        '[[documents]]\npath = "a.md"\nkey = "k"\neffective_from = 2024-01-01\n'
        '[[documents]]\npath = "b.md"\nkey = "k"\neffective_from = 2025-01-01\n',
        a__md="a",
        b__md="b",
        c__md="c",
    )
    result = found(folder)
    assert [file.uri for file in result.files] == ["manual/c.md"]
    assert [r.uri for r in result.refused] == ["manual/a.md", "manual/b.md"]
    assert "manual/b.md" in result.refused[0].reason


def test_given_collection_keeps_the_restrictions_of_its_own_paths(tmp_path: Path) -> None:
    entry = '[[documents]]\npath = "hr/pay.md"\naccess = { allow = ["hr"] }\n'
    folder = collection(tmp_path / "manual", entry)
    (folder / "hr").mkdir()
    (folder / "hr" / "pay.md").write_text("pay")
    (only,) = found(folder, folder / "hr" / "pay.md", given=folder / NAME).files
    assert only.access == Access(allow=frozenset({"hr"}))
    elsewhere = tmp_path / "inbox"
    elsewhere.mkdir()
    (elsewhere / "new.md").write_text("new")
    assert [f.uri for f in found(folder, elsewhere, given=folder / NAME).files] == ["manual/new.md"]


def test_nothing_to_ingest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no document in"):
        found(collection(tmp_path / "empty"))
    with pytest.raises(InputError, match=r"has no collection\.toml"):
        found(_bare(tmp_path))
    with pytest.raises(InputError, match="does not exist"):
        found(tmp_path, tmp_path / "nowhere")


def _bare(tmp_path: Path) -> Path:
    (tmp_path / "bare").mkdir()
    return tmp_path / "bare"


@pytest.mark.parametrize("key", ["owner", "licence", "access", "review_date", "title", "id"])
def test_what_must_be_said_is_named(tmp_path: Path, key: str) -> None:
    head = "\n".join(line for line in HEAD.splitlines() if not line.startswith(key))
    file = collection(tmp_path, head=head) / NAME
    with pytest.raises(InputError) as refusal:
        load_manifest(file)
    assert f"'{key}' is missing" in str(refusal.value)
    assert str(file) in str(refusal.value)


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ("colour = 1\n", "'colour' is unknown"),
        ('[[documents]]\npath = "a.md"\nexpires = 2026-01-01\n', "'documents[a.md].expires' is unknown"),
        ('[[documents]]\npath = "a.md"\neffective_from = "soon"\n', "documents[a.md].effective_from"),
        ('[[documents]]\npath = "a.md"\neffective_from = 2026-01-02\neffective_to = 2026-01-01\n', "documents[a.md]"),
        ('[[documents]]\npath = "../a.md"\n', "below the folder"),
        ('[[documents]]\npath = "a.md"\n[[documents]]\npath = "a.md"\n', "listed twice"),
        ("id = ", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, documents: str, message: str) -> None:
    file = collection(tmp_path, documents) / NAME
    with pytest.raises(InputError) as refusal:
        load_manifest(file)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
