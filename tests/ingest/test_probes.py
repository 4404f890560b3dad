"""The probes catch what they are for: each broken filter stops the publication, and so does what stayed of a deleted document.

Functions of ours are broken by patching them on purpose: only a broken filter can show that the probes see it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import access
from assistant.errors import AccessError, InputError
from assistant.knowledge import dense, lexical
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.lexical import Bm25Searcher
from assistant.knowledge.library import OpenSnapshot, View
from assistant.models.twins import HashingEmbedder
from assistant.retrieve import index_text
from assistant.types import Document, Principal
from ingest.assemble import texts_of
from ingest.gate import Check, Subject
from ingest.probes import canaries, deleted
from tests.world import TODAY, World

Patch = pytest.MonkeyPatch


def everybody_may(patch: Patch) -> None:
    patch.setattr(access, "may_read", lambda principal, rule: True)


def deny_is_forgotten(patch: Patch) -> None:
    patch.setattr(access, "may_read", lambda principal, rule: bool(principal.groups & rule.allow))


def no_groups_see_all(patch: Patch) -> None:
    right = access.may_read
    patch.setattr(access, "may_read", lambda principal, rule: not principal.groups or right(principal, rule))


def own_rules_are_forgotten(patch: Patch) -> None:
    patch.setattr(access.Policy, "access_of", lambda self, d: self.collections.get(d.collection, access.NOBODY))


def the_mask_is_open(patch: Patch) -> None:
    patch.setattr(OpenSnapshot, "mask", lambda self, principal, policy, as_of: np.ones(len(self.passages), dtype=bool))


def the_mask_is_off_by_one(patch: Patch) -> None:
    right = OpenSnapshot.mask
    patch.setattr(OpenSnapshot, "mask", lambda self, *a: np.roll(right(self, *a), 1))


def the_vector_search_ignores_the_mask(patch: Patch) -> None:
    right = dense.DenseSearcher.search
    patch.setattr(dense.DenseSearcher, "search", lambda self, q, k, mask: right(self, q, k, np.ones_like(mask)))


def the_lexical_search_ignores_the_mask(patch: Patch) -> None:
    right = lexical.Bm25Searcher.search
    patch.setattr(lexical.Bm25Searcher, "search", lambda self, q, k, mask: right(self, q, k, np.ones_like(mask)))


def the_list_is_open(patch: Patch) -> None:
    patch.setattr(access, "readable", lambda documents, principal, policy, as_of: tuple(documents.values()))


def the_preview_is_open(patch: Patch) -> None:
    def anyone(documents: dict[str, Document], i: str, principal: Principal, policy: access.Policy) -> Document:
        if i not in documents:
            raise AccessError("There is no such document among those you may see.")
        return documents[i]

    patch.setattr(access, "read_one", anyone)


def the_refusal_says_too_much(patch: Patch) -> None:
    def told(documents: dict[str, Document], i: str, principal: Principal, policy: access.Policy) -> Document:
        if i in documents:
            raise AccessError("You may not read this.")
        raise AccessError("There is no such document.")

    patch.setattr(access, "read_one", told)


def the_file_is_open(patch: Patch) -> None:
    patch.setattr(View, "source", lambda self, i, principal: b"")


MUTATIONS: tuple[Callable[[Patch], None], ...] = (
    everybody_may,
    deny_is_forgotten,
    no_groups_see_all,
    own_rules_are_forgotten,
    the_mask_is_open,
    the_mask_is_off_by_one,
    the_vector_search_ignores_the_mask,
    the_lexical_search_ignores_the_mask,
    the_list_is_open,
    the_preview_is_open,
    the_refusal_says_too_much,
    the_file_is_open,
)


def strict(world: World) -> None:
    """With a group that is denied: two rules can break then."""
    file = world.root / "corpora/vault/collection.toml"
    text = file.read_text(encoding="utf-8").replace('allow = ["mlro"]', 'allow = ["mlro"]\ndeny = ["public"]')
    file.write_text(text.replace('language = "en"', ""), encoding="utf-8")


@pytest.mark.parametrize("break_it", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_filter_stops_the_publication(
    world: World, monkeypatch: Patch, break_it: Callable[[Patch], None]
) -> None:
    before = snapshots.current_id(world.data)
    strict(world)
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    with monkeypatch.context() as patch:
        break_it(patch)
        with pytest.raises(InputError, match="The gate refuses"):
            world.ingest()
    assert snapshots.current_id(world.data) == before
    report = world.ingest()
    assert report.published
    assert report.verdict is not None
    (check,) = (c for c in report.verdict["checks"] if c["name"] == "canaries")
    assert check["measures"]["probes"] > 10


def test_a_planted_string_is_sought_and_must_be_there(world: World) -> None:
    file = world.root / "corpora/vault/collection.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text('canaries = ["orange bicycle"]\n' + text, encoding="utf-8")
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    with pytest.raises(InputError, match="canary 'orange bicycle' stands in no document"):
        world.ingest()
    file.write_text('canaries = ["violet cabinet"]\n' + text, encoding="utf-8")
    assert world.ingest().published


# ---------------------------------------------------------------------------------------- deleted documents


def subject(world: World, opened: OpenSnapshot, without: OpenSnapshot) -> Subject:
    """``without`` judged after ``opened``."""
    gone = [
        (d, [p for p in opened.passages if p.document_id == i])
        for i, d in opened.documents.items()
        if i not in without.documents
    ]
    view = View(without, world.catalogue.policy(), Blobs(world.data))
    return Subject(view=view, gone=gone, served=len(opened.documents), vanished=(), planted=(), folders={}, as_of=TODAY)


@settings(max_examples=8)
@given(names=st.lists(st.sampled_from(["gifts-2024", "gifts-2026", "complaints"]), min_size=1, max_size=2, unique=True))
def test_what_was_removed_is_found_nowhere(
    pristine: World, tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    world = pristine.copy(tmp_path_factory.mktemp("removed"))
    old = world.library().current()
    for name in names:
        (world.root / f"corpora/rules/{name}.md").unlink()
    report = world.ingest(force=True, why="a test")
    new = world.library().current()
    gone = [d for d in old.documents.values() if d.id not in new.documents]
    assert {d.uri for d in gone} == {f"rules/{name}.md" for name in names} == set(report.removed)
    everything = np.ones(len(new.passages), dtype=np.bool_)
    for passage in old.passages:
        if passage.document_id in new.documents:
            continue
        query = index_text(old.documents[passage.document_id].title, passage)
        for searcher in (new.dense, new.lexical):
            (found,) = searcher.search([query], 99, everything)
            assert all(new.passages[f.row].document_id in new.documents for f in found)
            elsewhere = any(passage.text in d.text for d in new.documents.values())
            assert elsewhere or all(new.passages[f.row].text != passage.text for f in found)
    stored = b"".join(f.read_bytes() for f in snapshots.folder_of(world.data, new.id).rglob("*.sqlite"))
    assert not any(d.id.encode() in stored for d in gone)
    check = deleted(world.catalogue)(subject(world, old, new))
    assert check.passed
    assert check.measures["gone"] == len(gone)


def without(opened: OpenSnapshot, uri: str, world: World, **parts: Any) -> OpenSnapshot:
    """As if ``uri`` had been removed; ``parts`` say what was forgotten."""
    documents = [d for d in opened.documents.values() if d.uri != uri]
    kept = {d.id for d in documents}
    passages = parts.get("passages") or tuple(p for p in opened.passages if p.document_id in kept)
    texts = texts_of(documents, [p for p in passages if p.document_id in kept])
    embedder = HashingEmbedder()
    made = {
        "dense_searcher": dense.MemoryDense(embedder.embed(texts), embedder),
        "lexical_searcher": Bm25Searcher.build(texts),
        **{name: part for name, part in parts.items() if name != "passages"},
    }
    return OpenSnapshot(opened.manifest, tuple(documents), passages, device_reason="", **made)


def stale_vectors(opened: OpenSnapshot) -> dict[str, Any]:
    embedder = HashingEmbedder()
    texts = texts_of(list(opened.documents.values()), opened.passages)
    return {"dense_searcher": dense.MemoryDense(embedder.embed(texts), embedder)}


def stale_words(opened: OpenSnapshot) -> dict[str, Any]:
    return {"lexical_searcher": Bm25Searcher.build(texts_of(list(opened.documents.values()), opened.passages))}


@pytest.mark.parametrize("stale", [stale_vectors, stale_words, None], ids=["vectors", "words", "nothing"])
@pytest.mark.parametrize("uri", ["rules/complaints.md", "vault/reports.md", "rules/gifts-2024.md"])
def test_what_stayed_in_an_index_is_seen(
    world: World, uri: str, stale: Callable[[OpenSnapshot], dict[str, Any]] | None
) -> None:
    opened = world.library().current()
    made = Padded.of(without(opened, uri, world, **(stale(opened) if stale else {})))
    check: Check = deleted(world.catalogue)(subject(world, opened, made))
    assert check.passed is (stale is None), check.said


class Padded:
    """Searchers of unequal length under one mask: what is longer than the mask is searched all the same."""

    @staticmethod
    def of(snapshot: OpenSnapshot) -> OpenSnapshot:
        for name in ("dense", "lexical"):
            setattr(snapshot, name, Padded.Longer(getattr(snapshot, name)))
        return snapshot

    class Longer:
        def __init__(self, searcher: Any) -> None:
            self.name = searcher.name
            self._searcher = searcher
            self.asked = getattr(searcher, "asked", None)  # the lexical one has it

        def search(self, queries: Sequence[str], k: int, allowed: Any) -> Any:
            rows = getattr(self._searcher, "_vectors", None)
            size = len(rows) if rows is not None else self._searcher._index.scores["num_docs"]
            return self._searcher.search(queries, k, np.ones(size, dtype=np.bool_))

        def search_vectors(self, vectors: Any, k: int, allowed: Any) -> Any:
            return self._searcher.search_vectors(vectors, k, np.ones(len(self._searcher._vectors), dtype=np.bool_))

        def __getattr__(self, name: str) -> Any:
            return getattr(self._searcher, name)


def test_a_passage_that_is_not_its_documents_text_is_seen(world: World) -> None:
    opened = world.library().current()
    moved = tuple(replace(p, start=p.start + 1, end=p.end + 1) for p in opened.passages)
    shifted = OpenSnapshot(
        opened.manifest, tuple(opened.documents.values()), moved, opened.dense, opened.lexical, device_reason=""
    )
    assert not deleted(world.catalogue)(subject(world, opened, shifted)).passed


def test_canaries_pass_where_the_filters_hold(served: World) -> None:
    opened = served.library().current()
    check = canaries(served.config.access.users)(subject(served, opened, opened))
    assert check.passed
    assert check.measures["leaks"] == 0
