"""What goes: documents, whole collections, too much at once; and what a dry run says of it beforehand."""

from __future__ import annotations

import shutil

import pytest

from assistant.errors import InputError
from assistant.knowledge import snapshot as snapshots
from tests.world import CONFIG, MLRO, World
from ui.terminal import report_lines

MEMOS = """
id = "memos"
title = "Memos"
owner = "The desk"
licence = "Apache-2.0"
review_date = 2027-01-31
[access]
allow = ["staff"]
"""


def uris(world: World) -> set[str]:
    return {d.uri for d in world.library().documents(MLRO)}


def test_a_collection_whose_folder_was_deleted_is_removed(world: World) -> None:
    shutil.rmtree(world.root / "corpora/vault")
    dry = world.ingest(dry_run=True)
    assert (dry.removed, dry.documents, dry.refusal) == (("vault/reports.md",), 3, None)
    report = world.ingest()
    assert (report.removed, report.published, report.embedded) == (("vault/reports.md",), True, 0)
    assert uris(world) == {"rules/gifts-2024.md", "rules/gifts-2026.md", "rules/complaints.md"}
    assert world.ingest().removed == ()


def test_a_collection_that_has_another_id_now_takes_the_old_ones_place(world: World) -> None:
    file = world.root / "corpora/vault/collection.toml"
    file.write_text(file.read_text().replace('id = "vault"', 'id = "safe"'), encoding="utf-8")
    report = world.ingest()
    assert (report.added, report.removed) == (("safe/reports.md",), ("vault/reports.md",))
    assert "vault/reports.md" not in uris(world)


def test_a_collection_that_nobody_looked_for_stays(world: World) -> None:
    """Ingested from elsewhere, or beside the path that is looked at now."""
    toml = world.write("elsewhere/memos.toml", MEMOS)
    world.write("elsewhere/lift.txt", "The lift stays locked on Sundays.\n")
    world.ingest(paths=(world.root / "elsewhere/lift.txt",), collection=toml)
    (world.root / "elsewhere/lift.txt").unlink()
    assert world.ingest().removed == ()
    shutil.rmtree(world.root / "corpora/vault")
    assert world.ingest(paths=(world.root / "corpora/rules",)).removed == ()
    assert uris(world) >= {"memos/lift.txt", "vault/reports.md"}
    assert world.ingest().removed == ("vault/reports.md",)
    assert "memos/lift.txt" in uris(world)


def test_a_moved_project_finds_what_is_gone(world: World) -> None:
    moved = world.copy(world.root.parent / "moved")
    shutil.rmtree(moved.root / "corpora/vault")
    assert moved.ingest().removed == ("vault/reports.md",)


def test_too_much_may_not_vanish_at_once(world: World) -> None:
    before = snapshots.current_id(world.data)
    for name in ("vault/reports.md", "rules/complaints.md"):
        (world.root / "corpora" / name).unlink()
    assert "2 of 4 served documents would vanish" in str(world.ingest(dry_run=True).refusal)
    with pytest.raises(InputError, match=r"vanish at once.*max_removed_share.*complaints\.md.*--force and --reason"):
        world.ingest()
    assert snapshots.current_id(world.data) == before
    report = world.ingest(force=True, why="the desk was closed", who="ann")
    assert report.published
    last = world.catalogue.publications()[-1]
    assert (last["forced"], last["why"], last["who"]) == (True, "the desk was closed", "ann")
    (check,) = (c for c in last["verdict"]["checks"] if c["name"] == "removals")
    assert (check["passed"], check["measures"]) == (False, {"vanished": 2, "served": 4})


def test_without_publishing_the_gate_says_what_would_vanish(world: World) -> None:
    for name in ("vault/reports.md", "rules/complaints.md"):
        (world.root / "corpora" / name).unlink()
    report = world.ingest(publish=False)
    assert report.verdict is not None
    assert not report.verdict["passed"]


def test_a_file_that_was_only_moved_has_not_vanished(world: World) -> None:
    world.write("configs/default.toml", CONFIG.replace("[ingest]", "[ingest]\nmax_removed_share = 0.0"))
    (world.root / "corpora/vault/reports.md").rename(world.root / "corpora/vault/handover.md")
    report = world.ingest()
    assert (report.added, report.removed, report.published) == (("vault/handover.md",), ("vault/reports.md",), True)


def test_a_dry_run_says_of_each_document_what_becomes_of_it(world: World) -> None:
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    world.write("corpora/vault/song.mp3", "la")
    world.write("corpora/rules/complaints.md", "# Complaints\n\nNone.\n")
    file = world.root / "corpora/rules/collection.toml"
    file.write_text(file.read_text().replace("2026-07-01", "2026-08-01"), encoding="utf-8")
    report = world.ingest(dry_run=True)
    assert {c.uri: (c.state, c.why) for c in report.changes} == {
        "rules/complaints.md": ("changed", "its bytes"),
        "rules/gifts-2024.md": ("changed", "its dates"),
        "rules/gifts-2026.md": ("changed", "its dates"),
        "vault/note.md": ("added", ""),
        "vault/reports.md": ("unchanged", ""),
    }
    words = "\n".join(report_lines(report))
    assert "changed    rules/gifts-2026.md  (its dates)" in words
    assert "added      vault/note.md" in words
    assert "refused vault/song.mp3" in words
    assert "unchanged  vault/reports.md" in words
