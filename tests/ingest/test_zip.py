"""An archive in a collection's folder: its files are documents of their own, with what the manifest says of them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.world import RULES, World


def test_the_files_of_an_archive_are_documents(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    said = '[[documents]]\npath = "more.zip/travel.md"\ntitle = "Travel Policy"\n'
    world.write("corpora/rules/collection.toml", RULES + said)
    with zipfile.ZipFile(tmp_path / "corpora/rules/more.zip", "w") as archive:
        archive.writestr("travel.md", "# Travel\n\n## 1 Trains\n\nStaff must travel by train where a train goes.")
        archive.writestr("../out.md", "# Out")
        archive.writestr("deep/notes.txt", "Notes on travel that staff must keep for a year.")
    report = world.ingest()
    assert {"rules/more.zip/travel.md", "rules/more.zip/deep/notes.txt"} <= set(report.added)
    assert [each["uri"] for each in report.quarantined] == ["rules/more.zip/../out.md"]
    again = world.ingest()
    assert (again.snapshot, again.embedded) == (report.snapshot, 0)
