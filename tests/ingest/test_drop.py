"""Files dropped into a collection's folder: whatever they are called, nothing outside it changes and nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.config import Ingest
from assistant.errors import InputError
from ingest.discover import discover
from ingest.drafts import Draft, drafts
from ingest.drop import drop, sound_name
from tests.world import World

LIMITS = Ingest()
NAMES = st.text(max_size=40) | st.tuples(st.text(max_size=12), st.sampled_from([".md", ".PDF", ".toml"])).map("".join)


@pytest.fixture
def rules(tmp_path: Path) -> Draft:
    return next(d for d in drafts(World.make(tmp_path).config.corpora) if d.id == "rules")


def everything(root: Path) -> dict[str, bytes]:
    return {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}


@given(name=NAMES)
@example(name="../vault/reports.md")
@example(name="/etc/passwd.md")
@example(name="..")
@example(name=".hidden.md")
@example(name="~$note.docx")
@example(name="collection.toml")
@example(name="several.zip")
@example(name="COMPLAINTS.md")
@example(name="com1.txt")
@example(name="a\u202egpj.md")
@example(name="a\x00.md")
@example(name="\ud800.md")
def test_a_name_leads_nowhere_else(rules: Draft, name: str) -> None:
    corpora = rules.folder.parent
    before = everything(corpora)
    try:
        done = drop(rules, name, b"# Text\n\nNew words.", LIMITS, replace=False)
    except InputError:
        assert everything(corpora) == before
        return
    after = everything(corpora)
    assert {k: after[k] for k in before} == before
    if done.state == "added":
        place = f"rules/{done.name}"
        assert after.keys() - before.keys() == {place}
        found = discover(corpora, (), None, LIMITS)
        known = [file.uri for file in found.files] + [each.uri for each in found.refused]
        assert any(uri.startswith(place) for uri in known), "an ingestion takes it, or says why not"
        (rules.folder / done.name).unlink()


def test_nothing_is_overwritten_unasked(rules: Draft) -> None:
    file = rules.folder / "complaints.md"
    was = file.read_bytes()
    assert drop(rules, "complaints.md", was, LIMITS, replace=False).state == "same"
    assert drop(rules, "complaints.md", b"other", LIMITS, replace=False).state == "taken"
    assert file.read_bytes() == was
    done = drop(rules, "complaints.md", b"other", LIMITS, replace=True)
    assert (done.state, done.before, file.read_bytes()) == ("replaced", was, b"other")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.md", b"", "is empty"),
        ("big.md", b"x" * 1_000_001, "the limit is 1 MB"),
        ("Complaints.md", b"x", "There is a file complaints.md already"),
        ("old.doc", b"x", r"save it as \.docx"),
        ("sub/a.md", b"x", "can't hold any of"),
    ],
)
def test_what_can_t_be_taken_says_why(rules: Draft, name: str, content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        drop(rules, name, content, Ingest(max_file_mb=1), replace=True)
    assert not [f for f in rules.folder.iterdir() if f.name.startswith(".")]


@pytest.mark.parametrize(
    "make", [Path.mkdir, lambda path: path.symlink_to(path.parent.parent / "vault" / "reports.md")]
)
def test_a_link_or_a_folder_is_not_written_through(rules: Draft, make: Callable[[Path], None]) -> None:
    make(rules.folder / "linked.md")
    reports = (rules.folder.parent / "vault" / "reports.md").read_bytes()
    with pytest.raises(InputError, match="a folder or a link"):
        drop(rules, "linked.md", b"words", LIMITS, replace=True)
    assert (rules.folder.parent / "vault" / "reports.md").read_bytes() == reports


def test_who_comes_second_does_not_win(rules: Draft, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is free when it is looked for and taken when it is written: the operating system's call is given a rival."""
    link = os.link

    def beaten(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"first")
        link(source, target)

    monkeypatch.setattr(os, "link", beaten)
    assert drop(rules, "new.md", b"second", LIMITS, replace=False).state == "taken"
    assert (rules.folder / "new.md").read_bytes() == b"first"


def test_one_name_in_two_spellings_is_one_file() -> None:
    assert sound_name("cafe\u0301.md") == "caf\u00e9.md"
