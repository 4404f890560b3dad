"""Withdrawn: nobody reads it, whichever snapshot is served. Purged: its bytes and words stand nowhere any more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assistant.errors import InputError
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.publish import Publisher
from assistant.knowledge.withdrawals import purge_behind, purges, readmit, withdraw
from assistant.models.twins import HashingEmbedder
from assistant.record.ledger import SqliteLedger
from assistant.types import Document
from ingest.purge import purge
from tests.command_line import Cli, refused
from tests.world import MLRO, World, ask, clock, question

GIFTS = "rules/gifts"
SECRET = "six years"
FILES = "How long are complaint files kept?"


def uris(world: World) -> set[str]:
    return {d.uri for d in world.library().documents(MLRO)}


def document(world: World, uri: str) -> Document:
    return next(d for d in world.library().documents(MLRO) if d.uri == uri)


def erase(world: World, document_id: str) -> dict[str, list[str]]:
    return purge(
        *(world.config, world.catalogue, HashingEmbedder(), document_id), who="ann", why="a court order", clock=clock
    )


def test_the_questions_that_a_document_is_known_to_answer_go_with_it(world: World) -> None:
    world.know({"question": "For how long are zanzibar letters kept?", "document": "complaints.md", "section": "2"})
    world.ingest()
    files = [file for file in (world.data / "snapshots").rglob("*") if file.is_file()]
    assert any(b"zanzibar" in file.read_bytes() for file in files)
    erase(world, document(world, "rules/complaints.md").id)
    assert not any(b"zanzibar" in file.read_bytes() for file in world.data.rglob("*") if file.is_file())


# ------------------------------------------------------------------------------------------------ withdrawn


def test_what_is_withdrawn_is_read_by_nobody_from_the_next_question_on(world: World) -> None:
    assistant = world.assistant()
    assert "£75" in ask(assistant).text
    before = snapshots.current_id(world.data)
    withdraw(world.catalogue, GIFTS, who="ann", why="it was wrong")
    answer = ask(assistant)
    assert not any("gifts" in hit.document.uri for hit in answer.hits)
    assert uris(world) == {"rules/complaints.md", "vault/reports.md"}
    assert snapshots.current_id(world.data) == before, "it is kept"
    readmit(world.catalogue, GIFTS, who="ann", why="it was right")
    assert "£75" in ask(assistant).text
    with world.catalogue.connect() as connection:
        kinds = [k for (k,) in connection.execute("SELECT kind FROM ledger WHERE kind IN ('withdrawn', 'readmitted')")]
    assert kinds == ["withdrawn", "readmitted"]


def test_the_next_ingestion_leaves_it_out_and_a_rollback_does_not_bring_it_back(world: World) -> None:
    world.write("configs/default.toml", (world.root / "configs/default.toml").read_text() + "max_removed_share = 0.0\n")
    withdraw(world.catalogue, GIFTS, who="ann", why="it was wrong")
    report = world.ingest()
    assert report.published
    assert report.removed == ("rules/gifts-2024.md", "rules/gifts-2026.md")
    assert {q["uri"] for q in report.quarantined} == set(report.removed)
    assert all("Withdrawn by ann on 2026-11-21: it was wrong" in q["reason"] for q in report.quarantined)
    Publisher(world.data, world.catalogue).rollback(None, who="mia", why="another reason")
    assert uris(world) == {"rules/complaints.md", "vault/reports.md"}
    readmit(world.catalogue, GIFTS, who="ann", why="it was right")
    assert world.ingest().quarantined == ()
    assert len(uris(world)) == 4


def test_a_collection_not_looked_at_loses_it_too(world: World) -> None:
    withdraw(world.catalogue, "vault/reports.md", who="ann", why="old")
    world.ingest(paths=(world.root / "corpora/rules",))
    current = str(snapshots.current_id(world.data))
    documents, _ = snapshots.read_contents(snapshots.folder_of(world.data, current) / snapshots.CONTENTS)
    assert "vault/reports.md" not in {d.uri for d in documents}


def test_a_withdrawal_needs_a_reason_and_is_said_once(world: World) -> None:
    with pytest.raises(InputError, match="Say why"):
        withdraw(world.catalogue, GIFTS, who="ann", why=" ")
    withdraw(world.catalogue, GIFTS, who="ann", why="x")
    with pytest.raises(InputError, match="withdrawn already"):
        withdraw(world.catalogue, GIFTS, who="ann", why="x")
    with pytest.raises(InputError, match="is not withdrawn"):
        readmit(world.catalogue, "rules/complaints.md", who="ann", why="x")


# --------------------------------------------------------------------------------------------------- purged


def stored(folder: Path, words: str) -> list[str]:
    return [str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file() and words.encode() in f.read_bytes()]


def test_what_is_purged_stands_nowhere(world: World) -> None:
    assistant = world.assistant()
    told = ask(assistant, question(FILES))
    assert SECRET in told.text
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    first, second = str(snapshots.current_id(world.data)), world.ingest().snapshot
    one = document(world, "rules/complaints.md")
    assert stored(world.data, SECRET)
    erased = erase(world, one.id)
    third = str(snapshots.current_id(world.data))
    assert third not in (first, second)
    assert stored(world.data, SECRET) == []
    assert stored(world.data, "Complaints Team") == []
    assert not (world.data / "sources" / one.version).exists()
    assert erased["snapshots_rewritten"] == sorted([first, str(second)])
    for name in (first, str(second), third):
        manifest = snapshots.verify(snapshots.folder_of(world.data, name))
        assert manifest.purged == (() if name == third else (one.id,))
    assert uris(world) == {"rules/gifts-2024.md", "rules/gifts-2026.md", "vault/reports.md", "vault/note.md"}
    assert "£75" in ask(assistant).text
    assert not any(h.document.id == one.id for h in ask(assistant, question(FILES)).hits)
    last = world.catalogue.publications()[-1]
    assert (last["kind"], last["snapshot"], last["who"], last["why"]) == ("purge", third, "ann", "a court order")


def test_receipts_say_that_their_content_was_purged(world: World) -> None:
    assistant = world.assistant()
    told, other = ask(assistant, question(FILES)), ask(assistant)
    ledger = SqliteLedger(world.catalogue)
    length = ledger.verify()
    one = document(world, "rules/complaints.md")
    erase(world, one.id)
    assert ledger.content(told.receipt.id) is None
    behind = purge_behind(world.catalogue, told.receipt.id)
    assert behind is not None
    assert (behind.document, behind.who, behind.why) == (one.id, "ann", "a court order")
    cited = {c.document_id for c in other.citations}
    assert (ledger.content(other.receipt.id) is None) == (one.id in cited)
    assert ledger.verify(told.receipt.hash) == length + 2, "the chain still verifies; published and purged came to it"


def test_a_purged_file_is_not_taken_again_under_any_name(world: World) -> None:
    one = document(world, "rules/complaints.md")
    erase(world, one.id)
    shutil.copy(world.root / "corpora/rules/complaints.md", world.root / "corpora/vault/other.md")
    report = world.ingest()
    assert {q["uri"] for q in report.quarantined} == {"rules/complaints.md", "vault/other.md"}
    assert all("purged by ann on 2026-11-21: a court order; delete the file" in q["reason"] for q in report.quarantined)
    assert stored(world.data, SECRET) == []


def test_a_purge_goes_on_where_it_was_killed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our `write_snapshot` is patched to die: from the first step on nobody may read it, and giving the command again ends it."""
    one = document(world, "rules/complaints.md")

    class Killed(BaseException):
        pass

    def die(*arguments: object, **named: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("ingest.purge.write_snapshot", die)
        with pytest.raises(Killed):
            erase(world, one.id)
    assert "rules/complaints.md" not in uris(world)
    assert purges(world.catalogue)[one.id].erased is None
    erase(world, one.id)
    assert stored(world.data, SECRET) == []
    assert purges(world.catalogue)[one.id].erased is not None


def test_what_no_snapshot_holds_cant_be_purged(world: World) -> None:
    with pytest.raises(InputError, match="No snapshot holds a document d-unknown"):
        erase(world, "d-unknown")


# ------------------------------------------------------------------------------------------------- commands


def test_the_commands_act_as_a_principal(cli: Cli, world: World) -> None:
    reports = document(world, "vault/reports.md")
    nothing = "There is no such document among those you may see."
    refused(cli("documents", "withdraw", "vault/reports.md", "--reason", "x"), nothing)
    refused(cli("documents", "purge", reports.id, "--reason", "x"), nothing)
    assert cli("documents", "withdraw", "vault/reports.md").code == 2
    body = cli("documents", "withdraw", reports.id, "--user", "mia", "--reason", "old", "--json").body
    assert (body["key"], body["withdrawn"]) == ("vault/reports.md", True)
    assert reports.uri not in uris(world)
    assert cli("documents", "readmit", "vault/reports.md", "--reason", "needed", "--json").code == 0
    erased = cli("documents", "purge", reports.id, "--user", "mia", "--reason", "a court order", "--json").body
    assert erased["documents"] == [reports.id]
    assert uris(world) == {"rules/gifts-2024.md", "rules/gifts-2026.md", "rules/complaints.md"}
