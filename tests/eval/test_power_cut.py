"""What was synced stays, what was not is lost or half there: on true files, in this process."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from assistant.files import sync
from eval import power_cut


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "old").mkdir(parents=True)
    (folder / "old" / "kept.txt").write_text("kept")
    (folder / "changed.txt").write_text("before")
    return folder


@pytest.fixture
def disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> power_cut.Disk:
    """Recording from here on; `record` replaces `os.fsync` for good, the fixture puts it back."""
    monkeypatch.setattr(os, "fsync", os.fsync)
    same = folder.with_name("same")
    shutil.copytree(folder, same)
    disk = power_cut.Disk(folder, same)
    power_cut.record(folder, folder.with_name("synced"))
    return disk


def cut(folder: Path, disk: power_cut.Disk, chance: random.Random | None = None) -> dict[str, str]:
    disk.learn(folder.with_name("synced"))
    power_cut.lose(folder, disk, chance)
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_what_was_not_synced_is_lost(folder: Path, disk: power_cut.Disk) -> None:
    (folder / "changed.txt").write_text("after")
    (folder / "new.txt").write_text("new")
    (folder / "old" / "kept.txt").unlink()
    assert cut(folder, disk) == {"old/kept.txt": "kept", "changed.txt": "before"}


def test_a_synced_file_without_a_synced_name_is_lost(folder: Path, disk: power_cut.Disk) -> None:
    (folder / "new.txt").write_text("new")
    sync(folder / "new.txt")
    (folder / "changed.txt").write_text("after")
    sync(folder / "changed.txt")
    assert cut(folder, disk) == {"old/kept.txt": "kept", "changed.txt": "after"}


def test_a_name_without_synced_bytes_is_an_empty_file(folder: Path, disk: power_cut.Disk) -> None:
    (folder / "new.txt").write_text("new")
    (folder / "changed.txt").rename(folder / "renamed.txt")
    sync(folder)
    assert cut(folder, disk) == {"old/kept.txt": "kept", "renamed.txt": "before", "new.txt": ""}


@pytest.mark.parametrize("seed", range(8))
def test_by_chance_a_file_is_old_or_new_or_torn(folder: Path, disk: power_cut.Disk, seed: int) -> None:
    (folder / "changed.txt").write_text("after!")
    assert cut(folder, disk, random.Random(seed))["changed.txt"] in ("before", "after!", "aft", "\0" * 6)
