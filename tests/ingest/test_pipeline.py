"""Laws 3 and 4, at the pipeline: a kill leaves the old snapshot or the new one, whole; unchanged input computes nothing; what
is published depends on what lies in the folders, not on how it came there."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import Corrupt, InputError, MunimentError, Transient, Unavailable
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.catalogue import Catalogue
from assistant.retrieve import index_text
from assistant.types import Document, Passage, Progress
from ingest import assemble
from ingest.lock import ingestion_lock
from ingest.pipeline import report_json
from ingest.split import split
from tests.world import CONFIG, GUEST, MLRO, RULES, STAFF, TODAY, CountingEmbedder, World, clock

REPORTED = {
    "schema_version",
    *("snapshot", "published", "added", "changed", "unchanged", "removed", "quarantined"),
    *(
        "documents",
        "passages",
        "embedded",
        "seconds",
        "changes",
        "verdict",
        "refusal",
        "waits",
        "questions",
        "unplaced",
    ),
}


def contents(world: World) -> tuple[tuple[Document, ...], tuple[Passage, ...]]:
    current = snapshots.current_id(world.data)
    assert current is not None
    return snapshots.read_contents(snapshots.folder_of(world.data, current) / snapshots.CONTENTS)


def uris(world: World) -> set[str]:
    return {document.uri for document in contents(world)[0]}


def index_texts(world: World, uri: str) -> set[str]:
    documents, passages = contents(world)
    (document,) = (d for d in documents if d.uri == uri)
    return {index_text(document.title, p) for p in passages if p.document_id == document.id}


def edit(world: World, name: str, old: str, new: str) -> None:
    file = world.root / "corpora" / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


# ------------------------------------------------------------------------------------------------ law 4


def test_unchanged_input_computes_nothing(world: World) -> None:
    before = snapshots.current_id(world.data)
    embedder = CountingEmbedder()
    report = world.ingest(embedder)
    assert (report.snapshot, report.published, report.embedded) == (before, False, 0)
    assert embedder.embedded == []
    assert len(report.unchanged) == report.documents == 4
    assert len(world.catalogue.publications()) == 1


def test_another_place_and_time_give_the_same_snapshot(pristine: World, tmp_path: Path) -> None:
    other = World.make(tmp_path / "elsewhere")
    report = other.ingest(who="somebody else", why="another reason")
    assert report.snapshot == snapshots.current_id(pristine.data)
    assert contents(other) == contents(pristine)


def test_of_a_changed_document_only_what_changed_is_embedded(world: World) -> None:
    old = index_texts(world, "rules/complaints.md")
    edit(world, "rules/complaints.md", "six years", "seven years")
    embedder = CountingEmbedder()
    report = world.ingest(embedder)
    assert report.changed == ("rules/complaints.md",)
    assert len(report.unchanged) == 3
    assert report.published
    assert set(embedder.embedded) == index_texts(world, "rules/complaints.md") - old
    assert report.embedded == len(embedder.embedded) == 1


def test_only_what_changed_is_cut_again_unless_cutting_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[str] = []

    def counted(text: str, *rest: Any, **named: Any) -> Any:
        cut.append(named["title"])
        return split(text, *rest, **named)

    monkeypatch.setattr(assemble, "split", counted)
    edit(world, "rules/complaints.md", "six years", "seven years")
    world.ingest()
    (title,) = (d.title for d in contents(world)[0] if d.uri == "rules/complaints.md")
    assert cut == [title]
    cut.clear()
    world.write("configs/default.toml", CONFIG + "[split]\nmax_tokens = 60\n")
    world.ingest()
    assert len(cut) == 4


def test_a_removed_document_is_gone(world: World) -> None:
    (world.root / "corpora/rules/complaints.md").unlink()
    edit(world, "rules/collection.toml", RULES[RULES.rindex("[[documents]]") :], "")
    report = world.ingest()
    assert report.removed == ("rules/complaints.md",)
    assert report.embedded == 0
    assert "rules/complaints.md" not in uris(world)
    assert all(d.uri != "rules/complaints.md" for d in world.library().documents(MLRO))


def test_one_collection_alone_leaves_the_others_as_they_are(world: World) -> None:
    before = snapshots.current_id(world.data)
    report = world.ingest(paths=(world.root / "corpora" / "vault",))
    assert (report.snapshot, report.published) == (before, False)
    assert report.unchanged == ("vault/reports.md",)
    edit(world, "vault/reports.md", "twice a day", "once a day")
    edit(world, "rules/complaints.md", "six years", "seven years")
    report = world.ingest(paths=(world.root / "corpora" / "vault",))
    assert (report.changed, report.removed) == (("vault/reports.md",), ())
    texts = {d.uri: d.text for d in contents(world)[0]}
    assert "once a day" in texts["vault/reports.md"]
    assert "six years" in texts["rules/complaints.md"]


EDITS: tuple[Callable[[World], object], ...] = (
    lambda w: edit(w, "rules/complaints.md", "years", "decades"),
    lambda w: edit(
        w, "rules/collection.toml", 'path = "complaints.md"\n', 'path = "complaints.md"\ntitle = "Grumbles"\n'
    ),
    lambda w: edit(w, "rules/collection.toml", "2026-07-01", "2026-08-01"),
    lambda w: edit(w, "rules/collection.toml", '"Gifts Policy"', '"Presents Policy"'),
    lambda w: edit(w, "vault/collection.toml", "review_date = 2027", "review_date = 2028"),
    lambda w: (w.root / "corpora/vault/reports.md").rename(w.root / "corpora/vault/handover.md"),
    lambda w: w.write("corpora/vault/note.md", "# A note\n\nThe key hangs behind the door.\n"),
)


@settings(max_examples=5)
@given(edits=st.lists(st.sampled_from(range(len(EDITS))), min_size=1, max_size=3, unique=True), back=st.booleans())
def test_what_is_published_does_not_depend_on_the_way_there(
    pristine: World, tmp_path_factory: pytest.TempPathFactory, edits: list[int], back: bool
) -> None:
    world = pristine.copy(tmp_path_factory.mktemp("history"))
    for number in edits:
        EDITS[number](world)
        world.ingest(publish=number % 2 == 0)
    if back:  # to the first state: every edit undone
        shutil.rmtree(world.root / "corpora")
        shutil.copytree(pristine.root / "corpora", world.root / "corpora")
    report = world.ingest()
    scratch = World(tmp_path_factory.mktemp("scratch"))
    for part in ("configs", "corpora"):
        shutil.copytree(world.root / part, scratch.root / part)
    assert report.snapshot == scratch.ingest().snapshot
    assert contents(world) == contents(scratch)
    assert world.catalogue.policy().to_json() == scratch.catalogue.policy().to_json()


def test_a_title_taken_back_is_the_files_own_again(world: World) -> None:
    before = snapshots.current_id(world.data)
    declared = 'path = "complaints.md"\ntitle = "Grumbles"\n'
    edit(world, "rules/collection.toml", 'path = "complaints.md"\n', declared)
    world.ingest()
    assert "Grumbles" in {d.title for d in contents(world)[0]}
    edit(world, "rules/collection.toml", declared, 'path = "complaints.md"\n')
    shutil.rmtree(world.data / "snapshots" / str(before))  # pruned: it has to be built again
    assert world.ingest().snapshot == before
    assert "Complaints Policy" in {d.title for d in contents(world)[0]}


# ------------------------------------------------------------------------------------------------ law 3


class Killed(BaseException):
    """The end of the process, wherever it happens to be."""


@contextmanager
def killed_at(step: int) -> Iterator[Callable[[], int]]:
    """Ends the run before its ``step``-th act on the disk or word about its progress; gives the number of steps so far.

    Patches the standard library's `os.fsync`, `Path.replace` and `shutil.rmtree` and our `Catalogue.connect`, because a
    power cut has no seam; what runs is the real pipeline.
    """
    steps = itertools.count(1)
    reached = 0

    def counting(act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            nonlocal reached
            reached = next(steps)
            if reached >= step:  # the dead do nothing more, not even on their way out
                raise Killed
            return act(*arguments, **named)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", counting(os.fsync))
        patch.setattr(Path, "replace", counting(Path.replace))
        patch.setattr(shutil, "rmtree", counting(shutil.rmtree))
        patch.setattr(Catalogue, "connect", counting(Catalogue.connect))
        yield lambda: reached


def answers(world: World) -> str:
    """Opens what is served, every hash verified, and reads it as the answering side does: the gifts policy's title."""
    library = world.library()
    opened = library.current()
    assert opened.mask(STAFF, library.policy(), TODAY).any()
    return next(d.title for d in library.documents(STAFF, TODAY) if "gifts" in d.uri)


def test_killed_anywhere_the_old_or_the_new_snapshot_is_served_whole(pristine: World, tmp_path: Path) -> None:
    old = snapshots.current_id(pristine.data)
    new_title = pristine.copy(tmp_path / "whole")
    edit(new_title, "rules/collection.toml", '"Gifts Policy"', '"Presents Policy"')
    start = new_title.copy(tmp_path / "start")
    with killed_at(10_000) as reached:
        new = new_title.ingest().snapshot
    total = reached()
    assert total > 30
    outcomes = []
    for step in range(3, total + 1):  # the first steps count the jobs
        world = start.copy(tmp_path / "killed")
        with killed_at(step), pytest.raises(Killed):
            world.ingest()
        outcomes.append((snapshots.current_id(world.data), answers(world)))
        if step % 5 == 0:  # and again, to the end
            report = world.ingest()
            assert report.snapshot == new
            assert (snapshots.current_id(world.data), answers(world)) == (new, "Presents Policy")
            assert world.catalogue.publications()[-1]["snapshot"] == new
            assert not list((world.data / "snapshots").glob(".building-*"))
        shutil.rmtree(world.root)
    assert set(outcomes) == {(old, "Gifts Policy"), (new, "Presents Policy")}
    assert outcomes == sorted(outcomes, key=lambda outcome: outcome[0] == new)


def test_a_publication_is_recorded_even_where_its_record_was_prevented(world: World) -> None:
    edit(world, "rules/collection.toml", '"Gifts Policy"', '"Presents Policy"')
    parent = snapshots.current_id(world.data)
    new = world.ingest(publish=False).snapshot
    assert new is not None
    snapshots.point_to(world.data, new)
    report = world.ingest(who="ann", why="once more")
    assert report.published
    last = world.catalogue.publications()[-1]
    assert (last["snapshot"], last["parent"], last["who"], last["why"]) == (new, parent, "ann", "once more")


def test_unpublished_is_built_and_not_served(world: World) -> None:
    before = snapshots.current_id(world.data)
    edit(world, "rules/complaints.md", "six years", "seven years")
    built = world.ingest(publish=False)
    assert not built.published
    assert snapshots.current_id(world.data) == before
    assert built.snapshot is not None
    snapshots.verify(snapshots.folder_of(world.data, built.snapshot))
    embedder = CountingEmbedder()
    report = world.ingest(embedder)
    assert (report.snapshot, report.published, embedder.embedded) == (built.snapshot, True, [])


def test_a_dry_run_changes_nothing_that_is_served(world: World) -> None:
    edit(world, "rules/complaints.md", "six years", "seven years")
    edit(world, "rules/collection.toml", 'allow = ["staff"]', 'allow = ["hr"]')
    (world.root / "corpora/vault/reports.md").rename(world.root / "corpora/vault/handover.md")
    kept = [file for file in world.data.rglob("*") if file.is_file() and not file.name.startswith("muniment.sqlite")]
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in kept if file.name != "ingest.lock"}
    policy = world.catalogue.policy().to_json()
    embedder = CountingEmbedder()
    report = world.ingest(embedder, dry_run=True)
    assert (report.snapshot, report.published, embedder.embedded) == (None, False, [])
    assert (report.added, report.changed) == (("vault/handover.md",), ("rules/complaints.md",))
    assert report.removed == ("vault/reports.md",)
    assert {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in before} == before
    assert world.catalogue.policy().to_json() == policy


# ---------------------------------------------------------------------------------- damage and bad input


@pytest.mark.parametrize("name", [snapshots.CONTENTS, snapshots.DENSE, snapshots.MANIFEST, "pointer"])
def test_an_ingestion_mends_a_damaged_snapshot(world: World, name: str) -> None:
    current = snapshots.current_id(world.data)
    assert current is not None
    damaged = world.data / "current" if name == "pointer" else snapshots.folder_of(world.data, current) / name
    damaged.write_bytes(damaged.read_bytes()[:-30])
    with pytest.raises(Corrupt):
        world.library().current()
    report = world.ingest()
    assert (report.snapshot, report.embedded) == (current, 0)
    assert answers(world) == "Gifts Policy"


def test_what_cant_be_carried_over_from_a_damaged_snapshot_is_told(world: World) -> None:
    current = snapshots.current_id(world.data)
    file = snapshots.folder_of(world.data, str(current)) / snapshots.CONTENTS
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(Corrupt, match=r"contents\.sqlite was altered.* Ingest rules in the same run"):
        world.ingest(paths=(world.root / "corpora" / "vault",))


def test_an_unreadable_document_is_refused_and_the_rest_is_published(world: World) -> None:
    world.write("corpora/rules/broken.docx", "no zip file")
    report = world.ingest()
    assert [q["uri"] for q in report.quarantined] == ["rules/broken.docx"]
    assert report.quarantined[0]["reason"].endswith(".")
    assert report.added == ()
    assert "rules/broken.docx" not in uris(world)
    again = world.ingest()
    assert (again.snapshot, again.published, again.embedded) == (report.snapshot, False, 0)
    assert again.quarantined == report.quarantined


def test_a_document_that_became_unreadable_is_reported_as_removed(world: World) -> None:
    (world.root / "corpora/rules/complaints.md").write_bytes(b"\x00\x01\x02\xff" * 50)
    report = world.ingest()
    assert [q["uri"] for q in report.quarantined] == ["rules/complaints.md"]
    assert (report.changed, report.removed) == ((), ("rules/complaints.md",))
    assert report.documents == 3


def test_a_file_that_changes_or_goes_while_it_is_read_is_refused(world: World) -> None:
    edit(world, "rules/complaints.md", "six", "seven")
    edit(world, "vault/reports.md", "twice", "thrice")

    def meddle(progress: Progress) -> None:
        if progress.stage == "discover":
            edit(world, "rules/complaints.md", "seven", "eight")
            (world.root / "corpora/vault/reports.md").unlink()

    report = world.ingest(tell=meddle, force=True, why="two of four vanish")
    assert [q["uri"] for q in report.quarantined] == ["rules/complaints.md", "vault/reports.md"]
    for document in contents(world)[0]:
        assert world.library().source(document.id, MLRO)


def test_nothing_readable_publishes_nothing(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    for file in (tmp_path / "corpora").rglob("*.md"):
        file.write_bytes(b"\x00\x01\x02\xff" * 50)
    with pytest.raises(InputError, match="nothing was published"):
        world.ingest()
    assert snapshots.current_id(world.data) is None
    assert world.catalogue.jobs()[0]["state"] == "failed"


def test_a_second_ingestion_is_told_who_holds_the_lock(world: World) -> None:
    with (
        ingestion_lock(world.data, 0.1, who="mia", clock=clock),
        pytest.raises(Transient, match=r"mia, process \d+, since 2026-11-21"),
    ):
        world.ingest()
    assert not world.ingest().published


def test_a_disk_that_refuses_is_one_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`os.fsync` is patched because a full disk can't be ordered."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    edit(world, "rules/collection.toml", '"Gifts Policy"', '"Presents Policy"')
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Unavailable, match=r"No space left on device\); check space"):
            world.ingest()
    assert answers(world) == "Gifts Policy"
    assert world.ingest().published


# ------------------------------------------------------------------------------- policy, jobs and report


def test_a_document_taken_out_stays_restricted_while_it_is_still_served(world: World) -> None:
    """Its own entry goes with it from collection.toml; the served snapshot still holds it."""
    edit(world, "rules/collection.toml", 'access = { allow = ["staff", "public"] }', 'access = { allow = ["mlro"] }')
    world.ingest()
    (world.root / "corpora/rules/complaints.md").unlink()
    edit(world, "rules/collection.toml", '[[documents]]\npath = "complaints.md"\naccess = { allow = ["mlro"] }\n', "")
    world.ingest(publish=False)
    library = world.library()
    assert "rules/complaints.md" in {d.uri for d in library.documents(MLRO)}
    assert "rules/complaints.md" not in {d.uri for d in library.documents(STAFF)}


def test_access_follows_the_collection_file(world: World) -> None:
    assert {d.uri for d in world.library().documents(GUEST)} == {"rules/complaints.md"}
    edit(world, "rules/collection.toml", 'access = { allow = ["staff", "public"] }', "")
    report = world.ingest()
    assert report.snapshot == snapshots.current_id(world.data)
    assert not report.published, "access is no part of the snapshot"
    assert world.library().documents(GUEST) == ()


def test_progress_is_counted_and_the_job_is_kept(world: World) -> None:
    edit(world, "rules/complaints.md", "six", "seven")
    told: list[Progress] = []
    report = world.ingest(tell=told.append)
    stages = [stage for stage, _ in itertools.groupby(told, key=lambda p: p.stage)]
    assert stages == ["discover", "read", "split", "embed", "index", "judge"]
    for stage in stages:
        last = [p for p in told if p.stage == stage][-1]
        assert last.done == last.total > 0
    job = world.catalogue.jobs()[0]
    assert (job["state"], job["note"]) == ("done", report.snapshot)


def test_the_reports_json_is_the_contract(world: World) -> None:
    body = report_json(world.ingest())
    assert set(body) == REPORTED
    assert body["schema_version"] == 1


def test_every_refusal_is_one_of_ours(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.write("corpora/vault/collection.toml", "id = 3")
    with pytest.raises(MunimentError, match=r"vault.collection\.toml"):
        world.ingest()
