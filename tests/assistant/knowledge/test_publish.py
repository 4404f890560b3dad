"""Publication and the way back: recorded, refused where it must be, noticed by who is serving; pruning keeps what is needed."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.access import Policy
from assistant.errors import Corrupt, InputError, Unavailable
from assistant.knowledge import generations
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.library import Library
from assistant.knowledge.publish import Publisher
from assistant.models.twins import HashingEmbedder
from assistant.protocols import Embedder, Vectors
from assistant.record.ledger import SqliteLedger
from assistant.types import Access
from tests.world import CONFIG, GUEST, MLRO, STAFF, World, ask, question

FOUR_EYES = CONFIG + "\n[publish]\nfour_eyes = true\n"


def publisher(world: World) -> Publisher:
    return Publisher(world.data, world.catalogue, four_eyes=world.config.publish.four_eyes)


def edited(world: World, years: str, **request: Any) -> str:
    """The id of a snapshot in which complaint files are kept for so many years."""
    file = world.root / "corpora/rules/complaints.md"
    text = file.read_text(encoding="utf-8")
    start = text.index("kept for ") + len("kept for ")
    file.write_text(text[:start] + years + text[text.index(" years", start) :], encoding="utf-8")
    report = world.ingest(**request)
    assert report.snapshot
    return report.snapshot


def served(world: World) -> str:
    current = snapshots.current_id(world.data)
    assert current
    return current


def test_a_prepared_snapshot_is_published_by_name(world: World) -> None:
    first = served(world)
    second = edited(world, "seven", publish=False, who="ann", why="seven years")
    assert served(world) == first
    assert publisher(world).publish(second, who="mia", why="agreed")
    assert served(world) == second
    last = world.catalogue.publications()[-1]
    told = {name: last[name] for name in ("snapshot", "parent", "who", "why", "kind", "prepared_by", "forced")}
    assert told == {
        "snapshot": second,
        "parent": first,
        "who": "mia",
        "why": "agreed",
        "kind": "publish",
        "prepared_by": "ann",
        "forced": False,
    }
    assert last["verdict"]["passed"] is True
    assert last["policy"] == world.catalogue.policy().version
    assert not publisher(world).publish(second, who="mia", why="again")
    assert len(world.catalogue.publications()) == 2


def test_publications_stand_in_the_ledger(world: World) -> None:
    edited(world, "seven")
    publisher(world).rollback(None, who="mia", why="a mistake")
    with world.catalogue.connect() as connection:
        kinds = [kind for (kind,) in connection.execute("SELECT kind FROM ledger ORDER BY seq")]
    assert kinds == ["published"] * 3
    assert SqliteLedger(world.catalogue).verify() == 3


def test_a_running_server_notices_a_publication_and_a_rollback(world: World) -> None:
    assistant = world.assistant()
    asked = question("How many years are complaint files kept?")
    assert "six" in ask(assistant, asked).text
    first, second = served(world), edited(world, "seven")
    answer = ask(assistant, asked)
    assert ("seven" in answer.text, answer.release.snapshot) == (True, second)
    publisher(world).rollback(None, who="mia", why="a mistake")
    answer = ask(assistant, asked)
    assert ("six" in answer.text, answer.release.snapshot) == (True, first)


def test_a_rollback_goes_back_one_and_then_another(world: World) -> None:
    ids = [served(world), *(edited(world, years) for years in ("seven", "eight"))]
    assert publisher(world).rollback(None, who="mia", why="back") == ids[1]
    assert publisher(world).rollback(None, who="mia", why="back") == ids[0]
    with pytest.raises(InputError, match="no earlier snapshot"):
        publisher(world).rollback(None, who="mia", why="back")
    assert publisher(world).rollback(ids[2], who="mia", why="forward") == ids[2]
    assert [row["kind"] for row in world.catalogue.publications()] == ["publish"] * 3 + ["rollback"] * 3


def test_what_nobody_touched_is_not_hashed_again_to_be_served(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (edited(world, years) for years in ("seven", "eight"))
    with monkeypatch.context() as patch:
        patch.setattr(snapshots, "sha256_of", lambda file: pytest.fail(f"{file} was hashed"))
        assert publisher(world).rollback(None, who="mia", why="back") == first
        assert publisher(world).rollback(second, who="mia", why="forward") == second


@pytest.mark.parametrize("put_in_its_place", [False, True])
def test_an_altered_snapshot_is_not_served_again_whatever_its_time_says(world: World, put_in_its_place: bool) -> None:
    first, second = served(world), edited(world, "seven")
    file = snapshots.folder_of(world.data, first) / snapshots.CONTENTS
    before, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    if put_in_its_place:
        file.unlink()
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Corrupt, match="altered"):
        publisher(world).rollback(first, who="mia", why="back")
    assert served(world) == second


def test_what_cant_be_served_is_refused(world: World) -> None:
    first = served(world)
    second = edited(world, "seven", publish=False)
    for act, said in (
        (lambda: publisher(world).publish("s-unknown", who="mia", why="x"), "was not prepared"),
        (lambda: publisher(world).rollback(second, who="mia", why="x"), "was never served"),
        (lambda: publisher(world).rollback(first, who="mia", why="x"), "is served already"),
    ):
        with pytest.raises(InputError, match=said):
            act()
    file = snapshots.folder_of(world.data, second) / snapshots.DENSE
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(Corrupt, match=r"dense\.faiss was altered"):
        publisher(world).publish(second, who="mia", why="x")
    shutil.rmtree(file.parent)
    with pytest.raises(Unavailable, match="There is no snapshot"):
        publisher(world).publish(second, who="mia", why="x")
    assert served(world) == first
    assert len(world.catalogue.publications()) == 1


def test_a_candidate_that_was_overtaken_is_refused(world: World) -> None:
    second = edited(world, "seven", publish=False)
    third = edited(world, "eight")
    with pytest.raises(InputError, match="Another snapshot was published since"):
        publisher(world).publish(second, who="mia", why="x")
    assert served(world) == third
    assert publisher(world).publish(second, who="mia", why="on purpose", force=True)


def test_four_eyes(pristine: World, world: World) -> None:
    first = served(world)
    world.write("configs/default.toml", FOUR_EYES)
    second = edited(world, "seven", who="ann")
    assert served(world) == first
    with pytest.raises(InputError, match=r"ann prepared snapshot .* can't approve it too"):
        publisher(world).publish(second, who="ann", why="mine", force=True)
    assert publisher(world).publish(second, who="mia", why="read and agreed")
    assert served(world) == second


def test_what_is_not_published_changes_nobodys_access(world: World) -> None:
    file = world.root / "corpora/rules/collection.toml"
    file.write_text(file.read_text().replace('allow = ["staff"]', 'allow = ["staff", "public"]'), encoding="utf-8")
    second = edited(world, "seven", publish=False)
    before = {d.uri for d in world.library().documents(GUEST)}
    assert before == {"rules/complaints.md"}
    publisher(world).publish(second, who="mia", why="open to all")
    assert len(world.library().documents(GUEST)) == 3


def test_an_older_candidate_does_not_undo_a_revocation(world: World) -> None:
    second = edited(world, "seven", publish=False)
    policy = world.catalogue.policy()
    shut = Policy(collections={**policy.collections, "rules": Access(allow=frozenset({"mlro"}))})
    world.catalogue.set_policy(shut)
    publisher(world).publish(second, who="mia", why="x")
    assert world.catalogue.policy() == shut
    assert world.library().documents(STAFF) == ()
    assert world.library().documents(MLRO)


class Slow(HashingEmbedder):
    """Embeds when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.begun.set()
        assert self.go.wait(20)
        return super().embed(texts)


def test_a_rollback_during_an_ingestion_is_not_published_over(world: World) -> None:
    first, second = served(world), edited(world, "seven")
    slow, caught = Slow(), []

    def ingest() -> None:
        try:
            edited(world, "eight", embedder=slow)
        except InputError as error:
            caught.append(str(error))

    running = threading.Thread(target=ingest)
    running.start()
    assert slow.begun.wait(20)
    publisher(world).rollback(None, who="mia", why="trouble")
    slow.go.set()
    running.join(30)
    assert served(world) == first != second
    assert len(caught) == 1
    assert "Another snapshot was published" in caught[0]


def test_while_one_thread_opens_the_new_snapshot_the_others_use_the_old(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our `OpenSnapshot.open` is wrapped to be slow: a large snapshot takes seconds to open."""
    from assistant.knowledge import library as module

    library = Library(world.data, world.catalogue, HashingEmbedder(), "cpu")
    old = library.current()
    new = edited(world, "seven")
    begun, go = threading.Event(), threading.Event()
    opened = module.OpenSnapshot.open

    def slowly(folder: Path, embedder: Embedder, device: str) -> module.OpenSnapshot:
        begun.set()
        assert go.wait(20)
        return opened(folder, embedder, device)

    with monkeypatch.context() as patch:
        patch.setattr(module.OpenSnapshot, "open", slowly)
        opening = threading.Thread(target=library.current)
        opening.start()
        assert begun.wait(20)
        assert library.current() is old
        go.set()
        opening.join(20)
    assert library.current().id == new


# ------------------------------------------------------------------------------------------------ pruning


def prune(world: World, **how: bool) -> generations.Pruned:
    return generations.prune(world.data, world.catalogue, **{"force": False, **how})


def on_disk(world: World) -> set[str]:
    return {folder.name for folder in (world.data / "snapshots").iterdir()}


def test_pruning_keeps_the_served_its_parent_what_waits_and_what_a_receipt_needs(world: World) -> None:
    assistant = world.assistant()
    ids = [served(world), *(edited(world, years) for years in ("seven", "eight", "nine", "ten"))]
    publisher(world).rollback(ids[1], who="mia", why="to ask")
    ask(assistant)
    publisher(world).rollback(ids[4], who="mia", why="back")
    waiting = edited(world, "eleven", publish=False)
    (world.data / "snapshots" / ".building-s-half").mkdir()
    dry = prune(world, dry_run=True)
    assert on_disk(world) == {*ids, waiting, ".building-s-half"}
    pruned = prune(world)
    assert pruned == dry
    assert set(pruned.removed) == {ids[0], ids[2], ids[3]}
    assert pruned.kept == {
        ids[4]: "it is served",
        ids[1]: "it was served before the present one",
        waiting: "it waits to be published",
    }
    assert on_disk(world) == {ids[1], ids[4], waiting}
    assert pruned.sources == 3
    assert pruned.bytes > 0
    for document in world.library().documents(MLRO):
        assert world.library().source(document.id, MLRO)


def test_what_a_receipt_needs_goes_only_when_forced(world: World) -> None:
    first = served(world)
    ask(world.assistant())
    for years in ("seven", "eight"):
        edited(world, years)
    assert prune(world).kept[first] == "a receipt needs it"
    assert prune(world, force=True).removed == (first,)


def test_generations_tell_damage_and_what_waits(world: World) -> None:
    first, second = served(world), edited(world, "seven", publish=False)
    rows = {row.id: row for row in generations.generations(world.data, world.catalogue)}
    assert (rows[first].served, rows[first].waits, rows[second].served, rows[second].waits) == (
        True,
        False,
        False,
        True,
    )
    assert rows[first].documents == 4
    (snapshots.folder_of(world.data, second) / snapshots.MANIFEST).write_text("{", encoding="utf-8")
    (damaged,) = (row for row in generations.generations(world.data, world.catalogue) if row.damage)
    assert damaged.id == second


def test_the_difference_is_by_uri_and_says_what(world: World) -> None:
    first, second = served(world), edited(world, "seven")
    old, new = (generations.contents_of(world.data, name)[0] for name in (first, second))
    assert generations.difference(old, new) == {
        "added": [],
        "removed": [],
        "unchanged": 3,
        "changed": [{"uri": "rules/complaints.md", "what": ["version", "text_sha256"]}],
    }
    assert generations.difference(old, ())["removed"] == sorted(d.uri for d in old)


def test_a_catalogue_of_the_first_schema_keeps_everything(world: World) -> None:
    """Opening it with this program adds what is new; publications and policy are still there."""
    before = world.catalogue.publications()
    with world.catalogue.connect(write=True) as connection:
        for name in ("candidates", "collections", "withdrawals", "purges", "findings", "decisions"):
            connection.execute(f"DROP TABLE {name}")
        for name in ("kind", "prepared_by", "forced", "verdict", "policy"):
            connection.execute(f"ALTER TABLE publications DROP COLUMN {name}")
        connection.execute("PRAGMA user_version=1")
    opened = Catalogue.open(world.data)
    names = ("snapshot", "parent", "at", "who", "why")
    assert [[row[n] for n in names] for row in opened.publications()] == [[row[n] for n in names] for row in before]
    assert opened.policy().collections
