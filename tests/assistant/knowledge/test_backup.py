"""A backup is one instant of everything; what comes back answers as before, and what was altered does not come back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import Corrupt, InputError, MunimentError
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.backup import LIST, backup, restore
from assistant.record.ledger import SqliteLedger
from tests.command_line import Cli, refused
from tests.world import World, ask


def test_what_comes_back_is_what_was_there(world: World) -> None:
    before = ask(world.assistant())
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    world.ingest()
    target = world.root / "backup"
    saved = backup(world.catalogue, world.data, target)
    later = ask(world.assistant())
    shutil.rmtree(world.data)
    back = restore(target, world.data)
    assert (back.served, back.files) == (saved.served, saved.files)
    assert snapshots.current_id(world.data) == saved.served
    ledger = SqliteLedger(world.catalogue)
    assert ledger.content(before.receipt.id) is not None
    assert ledger.content(later.receipt.id) is None, "what came after the backup is not in it"
    assert ledger.verify() == 4
    assert len(world.catalogue.publications()) == 2
    assert ask(world.assistant()).text == before.text
    report = world.ingest()
    assert (report.embedded, report.published, report.removed) == (0, False, ())
    assert len(list((world.data / "snapshots").iterdir())) == 2


def test_nothing_there_is_overwritten(world: World) -> None:
    target = world.root / "backup"
    backup(world.catalogue, world.data, target)
    with pytest.raises(InputError, match="holds knowledge already"):
        restore(target, world.data)
    with pytest.raises(InputError, match="is not empty"):
        backup(world.catalogue, world.data, target)
    with pytest.raises(InputError, match="is no backup"):
        restore(world.root / "corpora", world.root / "elsewhere")


@settings(max_examples=12)
@given(data=st.data())
def test_an_altered_backup_does_not_come_back(
    pristine: World, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("backup")
    world = pristine.copy(root / "world")
    backup(world.catalogue, world.data, root / "copy")
    files = sorted(f for f in (root / "copy").rglob("*") if f.is_file() and f.name != LIST and f.stat().st_size)
    file = data.draw(st.sampled_from(files), label="file")
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1
    file.write_bytes(content)
    with pytest.raises(Corrupt, match="was altered after the backup"):
        restore(root / "copy", root / "data")
    assert not (root / "data").exists()


@pytest.mark.parametrize(
    "files", [{"../outside": ""}, {"/etc/passwd": ""}, {"gone": ""}], ids=["above", "absolute", "missing"]
)
def test_a_list_that_lies_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    (tmp_path / LIST).write_text(json.dumps({"format": 1, "at": "", "served": None, "files": files}))
    with pytest.raises(MunimentError):
        restore(tmp_path, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_damaged_snapshot_is_told_and_there_is_no_backup(world: World) -> None:
    folder = snapshots.folder_of(world.data, str(snapshots.current_id(world.data)))
    (folder / snapshots.DENSE).write_bytes(b"nothing")
    with pytest.raises(Corrupt, match=r"dense\.faiss was altered"):
        backup(world.catalogue, world.data, world.root / "backup")
    assert not (world.root / "backup" / LIST).exists()


def test_the_commands(cli: Cli, world: World) -> None:
    target = str(world.root / "backup")
    body = cli("backup", target, "--json").body
    assert body["served"] == snapshots.current_id(world.data)
    refused(cli("restore", target), "holds knowledge already")
    shutil.rmtree(world.data)
    assert cli("restore", target, "--json").body["served"] == body["served"]
    assert len(cli("documents", "list", "--json").body["documents"]) == 3
