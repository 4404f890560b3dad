"""Which files of a snapshot were hashed and have not been touched since, so that serving one takes no longer the larger it is.

``data/checked`` holds what the file system said of every file of a snapshot when it was last hashed: size, both times, and the
inode. A file that was written to has another change time, which no program can set, and one that was put in its place another
inode. Who could forge that could replace the program; and whoever opens a snapshot hashes every file again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

Marks = Mapping[str, list[int]]


def marks(folder: Path, names: Iterable[str]) -> Marks:
    """What the file system says now of each file that is there."""
    told = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            stat = (folder / name).stat()
            told[name] = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
    return told


def remember(folder: Path, found: Marks) -> None:
    """``found``: the marks before the files were hashed. Where nothing can be written, nothing is remembered."""
    with contextlib.suppress(OSError):
        place_of(folder).parent.mkdir(exist_ok=True)
        place_of(folder).write_text(json.dumps(found), encoding="utf-8")


def untouched(folder: Path, names: Iterable[str]) -> bool:
    """Is every file as it was when it was last hashed? False where that was not remembered."""
    try:
        return bool(json.loads(place_of(folder).read_text(encoding="utf-8")) == marks(folder, names))
    except (OSError, ValueError):
        return False


def place_of(folder: Path) -> Path:
    """``folder`` is a snapshot's, ``data/snapshots/ID``."""
    return folder.parent.parent / "checked" / f"{folder.name}.json"
