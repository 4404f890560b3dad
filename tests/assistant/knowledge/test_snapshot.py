"""Laws 3 and 7 at the snapshot: altered bytes are refused by the file's name, opening writes nothing, a pointer is whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import Corrupt, MunimentError, Unavailable
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.library import Library, OpenSnapshot
from assistant.models.twins import HashingEmbedder
from assistant.types import Document, Landmark, Passage
from tests.world import World, ask

FILES = (
    "contents.sqlite",
    "dense.faiss",
    "references.json",
    "lexical/glossary.json",
    "lexical/data.csc.index.npy",
    "lexical/indices.csc.index.npy",
    "lexical/indptr.csc.index.npy",
    "lexical/params.index.json",
    "lexical/vocab.index.json",
)


def folder_of(world: World) -> Path:
    current = snapshots.current_id(world.data)
    assert current is not None
    return snapshots.folder_of(world.data, current)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(f.relative_to(folder)): (f.stat().st_mtime_ns, f.stat().st_size) for f in folder.rglob("*")}


def test_every_file_is_in_the_manifest(served: World) -> None:
    folder = folder_of(served)
    assert set(snapshots.verify(folder).files) == set(FILES)
    on_disk = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
    assert on_disk == {*FILES, snapshots.MANIFEST}


@settings(max_examples=12)
@given(name=st.sampled_from(FILES), data=st.data())
def test_a_flipped_byte_is_refused_by_the_files_name(
    served: World, tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    world = served.copy(tmp_path_factory.mktemp("flipped"))
    file = folder_of(world) / name
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(content)
    with pytest.raises(Corrupt, match=name):
        world.library().current()


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(world: World, name: str) -> None:
    (folder_of(world) / name).unlink()
    with pytest.raises(Corrupt, match=f"{name} is missing"):
        world.library().current()


@settings(max_examples=150)
@given(data=st.data())
def test_an_altered_manifest_is_refused_or_says_the_same(served: World, data: st.DataObject) -> None:
    folder = folder_of(served)
    original = snapshots.verify(folder)
    file = folder / snapshots.MANIFEST
    content = file.read_bytes()
    changed = bytearray(content)
    place = data.draw(st.integers(0, len(content) - 1))
    changed[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    file.write_bytes(changed)
    told = ""
    try:
        assert snapshots.verify(folder) == original
    except MunimentError as error:
        told = str(error)
    finally:
        file.write_bytes(content)
    assert not told or folder.name in told


def test_counts_and_inputs_stand_in_the_id_or_the_contents(world: World) -> None:
    file = folder_of(world) / snapshots.MANIFEST
    told = json.loads(file.read_text(encoding="utf-8"))
    for change in ({"passages": 10}, {"documents": 5}, {"inputs": {**told["inputs"], "embedder": "another"}}):
        file.write_text(json.dumps({**told, **change}), encoding="utf-8")
        with pytest.raises(Corrupt, match="was altered"):
            snapshots.verify(file.parent)
    file.write_text(json.dumps({**told, "format": 99}), encoding="utf-8")
    with pytest.raises(Unavailable, match="format 99"):
        snapshots.verify(file.parent)


def test_opening_and_asking_write_nothing_into_the_snapshot(world: World) -> None:
    before = listing(world.data / "snapshots")
    pointer = (world.data / snapshots.POINTER).stat().st_mtime_ns
    assistant = world.assistant()
    ask(assistant)
    assert listing(world.data / "snapshots") == before
    assert (world.data / snapshots.POINTER).stat().st_mtime_ns == pointer


def test_reading_leaves_the_whole_data_folder_as_it_was(world: World) -> None:
    """But for the two files in which SQLite keeps count of its readers."""
    catalogue = world.catalogue
    before = listing(world.data)
    library = Library(world.data, catalogue, HashingEmbedder(), "cpu")
    library.current()
    library.policy()
    after = listing(world.data)
    assert {name: facts for name, facts in after.items() if not name.endswith(("-shm", "-wal"))} == before


def test_an_index_refuses_another_embedder(served: World) -> None:
    with pytest.raises(Unavailable, match="built by the encoder hashing/1/256/512"):
        OpenSnapshot.open(folder_of(served), HashingEmbedder(dim=64), "cpu")


def test_a_damaged_pointer_is_told(world: World) -> None:
    for text in ("", "{}", '{"snapshot"', "[]", "3"):
        (world.data / snapshots.POINTER).write_text(text, encoding="utf-8")
        with pytest.raises(Corrupt, match="does not name a snapshot"):
            snapshots.current_id(world.data)
    (world.data / snapshots.POINTER).write_text('{"snapshot": "s-unknown"}', encoding="utf-8")
    with pytest.raises(Unavailable, match="no snapshot s-unknown"):
        world.library().current()


TEXT = st.text(max_size=8)
DATES = st.none() | st.dates()
LANDMARKS = st.builds(
    Landmark,
    kind=st.sampled_from(["page", "heading", "table"]),
    start=st.integers(0, 9),
    end=st.integers(0, 9),
    label=TEXT,
    level=st.integers(0, 9),
)
DOCUMENTS = st.builds(
    Document,
    **dict.fromkeys(("id", "key", "version", "uri", "title", "text", "text_sha256", "collection", "reader"), TEXT),
    landmarks=st.lists(LANDMARKS, max_size=3).map(tuple),
    effective_from=DATES,
    effective_to=DATES,
    supersedes=st.none() | TEXT,
)
PASSAGES = st.builds(
    Passage,
    **dict.fromkeys(("id", "document_id", "text", "where", "context"), TEXT),
    start=st.integers(0, 9),
    end=st.integers(0, 9),
    page=st.none() | st.integers(1, 9),
)


@settings(max_examples=25)
@given(
    documents=st.lists(DOCUMENTS, max_size=3, unique_by=lambda d: d.id),
    passages=st.lists(PASSAGES, max_size=4, unique_by=lambda p: p.id),
)
def test_contents_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Document], passages: list[Passage]
) -> None:
    file = tmp_path_factory.mktemp("contents") / "contents.sqlite"
    snapshots.write_contents(file, documents, passages)
    read_documents, read_passages = snapshots.read_contents(file)
    assert read_documents == tuple(sorted(documents, key=lambda d: d.id.encode()))
    assert read_passages == tuple(passages)


def test_what_cant_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="can't be written"):
        snapshots.write_contents(tmp_path / "gone" / "contents.sqlite", [], [])
