"""What a power cut leaves of a folder: only what was synced is sure to be there.

A process that is to be cut calls `record` first: from then on, whatever it syncs is kept aside as it then was, files with their
bytes and folders with their lists of names. When it is dead, `lose` rebuilds the folder: each name and each file that was not
synced since it was changed is as it last was on the disk, or (unless all is to be lost) as the process left it, or half
written. Databases are left as the process left them: SQLite syncs by itself, and what it tells a program to be committed is.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

SQLITE = "muniment.sqlite"
LOG = "log"


class Disk:
    """What of ``folder`` is on the disk: by inode, the names in each folder and where the bytes of each file are kept."""

    def __init__(self, folder: Path, same: Path) -> None:
        """``same`` is a copy of ``folder`` that stays as it is; all of it counts as synced."""
        self.names: dict[int, dict[str, int]] = {}
        self.contents: dict[int, Path] = {}
        for path in (folder, *folder.rglob("*")):
            inode = path.stat().st_ino
            if path.is_dir():
                self.names[inode] = _names(path)
            else:
                self.contents[inode] = same / path.relative_to(folder)

    def learn(self, kept: Path) -> None:
        """Adds what `record` kept; a last line that was cut with the process counts for nothing."""
        if not (kept / LOG).exists():  # cut before it began
            return
        with (kept / LOG).open(encoding="utf-8") as stream:
            for line in stream:
                if line.endswith("\n"):
                    told = json.loads(line)
                    if "names" in told:
                        self.names[told["inode"]] = told["names"]
                    else:
                        self.contents[told["inode"]] = kept / told["content"]


def record(folder: Path, kept: Path) -> None:
    """Keeps in ``kept`` what this process syncs of ``folder`` from now on. Replaces the standard library's `os.fsync`, for good:
    a power cut has no seam."""
    sync, count = os.fsync, 0
    kept.mkdir()
    (kept / LOG).touch()
    within = f"{folder.resolve()}/"

    def recording(file: Any) -> None:
        nonlocal count
        sync(file)
        descriptor = file if isinstance(file, int) else file.fileno()
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if not f"{path}/".startswith(within):
            return
        told: dict[str, object] = {"inode": os.fstat(descriptor).st_ino}
        if path.is_dir():
            told["names"] = _names(path)
        else:
            count += 1
            told["content"] = str(count)
            shutil.copyfile(path, kept / str(count))
        with (kept / LOG).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(told) + "\n")

    mock.patch.object(os, "fsync", recording).start()


def lose(folder: Path, disk: Disk, chance: random.Random | None) -> None:
    """Makes of ``folder`` what a power cut may leave of it. With ``chance`` each name and each file is drawn; without, all that
    was not synced is lost."""
    left = folder.with_name(f"{folder.name}.left")
    there = {path.stat().st_ino: path for path in (folder, *folder.rglob("*"))}

    def rebuild(inode: int, target: Path) -> None:
        now = there.get(inode)
        if now.is_dir() if now is not None else inode in disk.names:
            target.mkdir()
            synced, present = disk.names.get(inode, {}), _names(now) if now is not None else {}
            for name in sorted(synced.keys() | present.keys()):
                entry = present if name.startswith(SQLITE) else _either(synced, present, chance)
                if name in entry:
                    rebuild(entry[name], target / name)
        else:
            target.write_bytes(_bytes(now, disk.contents.get(inode), target.name, chance))

    rebuild(folder.stat().st_ino, left)
    shutil.rmtree(folder)
    left.rename(folder)


def _names(folder: Path) -> dict[str, int]:
    return {entry.name: entry.inode() for entry in os.scandir(folder)}


def _either(synced: dict[str, int], present: dict[str, int], chance: random.Random | None) -> dict[str, int]:
    return present if chance is not None and chance.random() < 0.5 else synced


def _bytes(now: Path | None, synced: Path | None, name: str, chance: random.Random | None) -> bytes:
    before = synced.read_bytes() if synced is not None else b""
    after = now.read_bytes() if now is not None else before
    if name.startswith(SQLITE):
        return after
    if chance is None or after == before:
        return before
    return chance.choice([before, after, after[: len(after) // 2], bytes(len(after))])
