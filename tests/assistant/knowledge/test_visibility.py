"""Law 2: whoever asks, whatever the policy and the date, every door shows the visible set and nothing else; a revocation
holds from the next query on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import access
from assistant.access import Policy
from assistant.answer import Assistant
from assistant.config import Retrieve
from assistant.errors import AccessError, Corrupt
from assistant.knowledge import generations
from assistant.knowledge.library import Library, OpenSnapshot
from assistant.knowledge.versions import superseded, upcoming
from assistant.protocols import Found, Mask, Vectors
from assistant.retrieve import FusedOrder, retrieve
from assistant.types import Access, Document, Finished, Principal, Retrieved
from tests.world import MLRO, NOBODY, STAFF, TODAY, World, ask, question
from ui.reading import ReadingLibrary

GROUPS = st.frozensets(st.sampled_from(["staff", "mlro", "public", "hr"]), max_size=3)
ACCESS = st.builds(Access, allow=GROUPS, deny=GROUPS)
POLICIES = st.builds(
    Policy,
    collections=st.dictionaries(st.sampled_from(["rules", "vault"]), ACCESS),
    documents=st.dictionaries(
        st.sampled_from(["rules/complaints.md", "rules/gifts-2026.md", "vault/reports.md"]), ACCESS
    ),
    withdrawn=st.frozensets(st.sampled_from(["rules/gifts", "rules/complaints.md", "vault/reports.md"]), max_size=1),
    revoked=st.dictionaries(
        st.sampled_from(["rules", "vault", "rules/gifts", "rules/complaints.md"]),
        st.frozensets(st.sampled_from(["staff", "mlro", "public"]), min_size=1, max_size=2),
        max_size=2,
    ),
)
PRINCIPALS = st.builds(Principal, user=st.just("someone"), groups=GROUPS)
DATES = st.sampled_from(
    [date(2023, 12, 31), date(2024, 1, 1), date(2026, 6, 30), date(2026, 7, 1), TODAY, date(2099, 1, 1)]
)
TEXTS = st.sampled_from(
    [
        "violet cabinet for suspicion reports",
        "gift from a supplier",
        "how long are complaint files kept",
        "cabinet gift files",
    ]
)


def plainly_visible(principal: Principal, policy: Policy, document: Document, as_of: date | None) -> bool:
    """The oracle: the rules of `docs` in words, without the code under test."""
    if document.key in policy.withdrawn:
        return False
    named = (document.collection, document.uri, document.key)
    if any(group in policy.revoked.get(name, ()) for name in named for group in principal.groups):
        return False
    rule = policy.documents.get(document.uri, policy.collections.get(document.collection))
    if rule is None or not any(group in rule.allow for group in principal.groups):
        return False
    if any(group in rule.deny for group in principal.groups):
        return False
    begun = document.effective_from is None or as_of is None or document.effective_from <= as_of
    ended = document.effective_to is not None and as_of is not None and document.effective_to < as_of
    return begun and not ended


@pytest.fixture(scope="module")
def library(served: World) -> Library:
    return served.library()


@pytest.fixture
def assistant(world: World) -> Assistant:
    return world.assistant()


@settings(max_examples=80)
@given(policy=POLICIES, principal=PRINCIPALS, as_of=st.none() | DATES)
def test_the_mask_is_the_visible_set(
    library: Library, policy: Policy, principal: Principal, as_of: date | None
) -> None:
    snapshot = library.current()
    mask = snapshot.mask(principal, policy, as_of)
    expected = [plainly_visible(principal, policy, snapshot.document_of(row), as_of) for row in range(len(mask))]
    assert mask.tolist() == expected
    assert len(mask) == len(snapshot.passages)
    assert principal.groups or not mask.any()


@settings(max_examples=60)
@given(policy=POLICIES, principal=PRINCIPALS, as_of=DATES, query=TEXTS, k=st.integers(1, 12))
def test_every_search_is_that_of_a_brute_force_over_the_visible_set(
    library: Library, policy: Policy, principal: Principal, as_of: date, query: str, k: int
) -> None:
    snapshot = library.current()
    mask = snapshot.mask(principal, policy, as_of)
    seen = set(np.flatnonzero(mask).tolist())
    everything = np.ones(len(mask), dtype=np.bool_)
    for searcher in (snapshot.dense, snapshot.lexical):
        (whole,) = searcher.search([query], len(mask), everything)
        (found,) = searcher.search([query], k, mask)
        assert [f.row for f in found] == [f.row for f in whole if f.row in seen][:k]
    (hits,) = retrieve(snapshot, [query], mask, Retrieve(hits=k), FusedOrder())
    assert all(plainly_visible(principal, policy, hit.document, as_of) for hit in hits)
    assert len(hits) == min(k, len(seen))


@settings(max_examples=15)
@given(policy=POLICIES, principal=PRINCIPALS, as_of=DATES, query=TEXTS)
def test_every_door_shows_the_visible_set(
    world: World, assistant: Assistant, policy: Policy, principal: Principal, as_of: date, query: str
) -> None:
    world.catalogue.set_policy(policy)
    library = assistant.library
    documents = library.current().documents
    seen = {i for i, d in documents.items() if plainly_visible(principal, policy, d, as_of)}
    ever = {i for i, d in documents.items() if plainly_visible(principal, policy, d, None)}
    reading = ReadingLibrary(world.config)
    for door in (library, library.view(), reading):
        assert {d.id for d in door.documents(principal, as_of)} == seen
        assert {d.id for d in door.documents(principal, None)} == ever
    shown_of_it = generations.visible_documents(world.data, world.catalogue, library.snapshot_id, principal)
    assert {d.id for d in shown_of_it} == ever
    for each in documents.values():
        told = (
            upcoming(documents, each, principal, policy, as_of, 999),
            superseded(documents, each, principal, policy, as_of),
        )
        assert all(change is None or change.by is None or change.by.id in ever for change in told)
    for document_id in (*documents, "d-unknown"):
        doors: list[Callable[[str, Principal], object]] = [
            *(library.document, library.source, reading.document, library.view().document, library.view().source)
        ]
        for one in doors:
            if document_id in ever:
                assert one(document_id, principal)
            else:
                with pytest.raises(AccessError, match=r"^There is no such document among those you may see\.$"):
                    one(document_id, principal)
    events = list(assistant.ask(question(query, principal, as_of)))
    assert isinstance(events[-1], Finished)
    answer = events[-1].answer
    shown = {hit.document.id for event in events if isinstance(event, Retrieved) for hit in event.hits}
    shown |= {hit.passage.document_id for hit in answer.hits} | {c.document_id for c in answer.citations}
    assert shown <= seen
    assert seen or answer.status == "abstained"


def test_nobody_sees_anything(served: World) -> None:
    answer = ask(served.assistant(), question(principal=NOBODY))
    assert (answer.status, answer.hits, answer.citations, answer.text) == ("abstained", (), (), "")
    assert served.library().documents(NOBODY) == ()


def test_before_any_policy_nobody_may_read(served: World) -> None:
    documents = served.library().current().documents.values()
    assert not any(access.visible(MLRO, Policy(), d, None) for d in documents)


def test_a_revocation_holds_from_the_next_query_on(world: World) -> None:
    assistant = world.assistant()
    asked = question("What takes suspicion reports?", MLRO)
    before = ask(assistant, asked)
    assert "violet cabinet" in before.text
    policy = world.catalogue.policy()
    world.catalogue.set_policy(
        Policy(collections={**policy.collections, "vault": access.NOBODY}, documents=policy.documents)
    )
    after = ask(assistant, asked)
    assert "violet" not in after.text
    assert {hit.document.collection for hit in after.hits} == {"rules"}
    assert after.release.policy != before.release.policy
    assert after.release.id == before.release.id
    with pytest.raises(AccessError):
        assistant.library.document(before.citations[0].document_id, MLRO)


def test_what_cant_be_seen_is_answered_like_what_is_not_there(served: World, world: World) -> None:
    """Scores may shift by the hidden passages' share in the term statistics; what is said and shown may not."""
    asked = question("What does the violet cabinet in room nine take?", STAFF)
    hidden = ask(served.assistant(), asked)
    (world.root / "corpora/vault/reports.md").write_text("# Empty\n\nNothing stands here.\n", encoding="utf-8")
    world.ingest()
    absent = ask(world.assistant(), asked)
    for answer in (hidden, absent):
        assert not any("violet" in hit.passage.text for hit in answer.hits)
    assert {h.passage.id for h in hidden.hits} == {h.passage.id for h in absent.hits}
    assert (hidden.status, hidden.text, hidden.abstention) == (absent.status, absent.text, absent.abstention)


@pytest.mark.parametrize(
    ("as_of", "limit"),
    [(date(2026, 6, 30), "£40"), (date(2026, 7, 1), "£75"), (TODAY, "£75"), (date(2024, 1, 1), "£40")],
)
def test_the_version_in_force_answers(served: World, as_of: date, limit: str) -> None:
    answer = ask(served.assistant(), question(as_of=as_of))
    assert limit in answer.text
    assert {hit.document.uri for hit in answer.hits if "gifts" in hit.document.uri} == {
        f"rules/gifts-{'2024' if limit == '£40' else '2026'}.md"
    }


class Leaking:
    """A searcher that ignores the mask, as plain GPU indexes of FAISS once did."""

    name = "dense"

    def encode(self, queries: Sequence[str]) -> Vectors:
        return np.ones((len(queries), 1), dtype=np.float32)

    def search_vectors(self, vectors: Vectors, k: int, allowed: Mask) -> list[list[Found]]:
        return [[Found(row, 1.0) for row in range(min(k, len(allowed)))] for _ in vectors]

    def scores(self, vector: Vectors, rows: Sequence[int]) -> Vectors:
        return np.ones(len(rows), dtype=np.float32)


def test_a_searcher_that_leaks_stops_the_answer(served: World) -> None:
    opened = served.library().current()
    leaking = OpenSnapshot(
        opened.manifest,
        tuple(opened.documents.values()),
        opened.passages,
        Leaking(),  # type: ignore[arg-type]  # no real searcher leaks, and only those two are typed
        opened.lexical,
        "leaks",
    )
    mask = leaking.mask(STAFF, served.library().policy(), TODAY)
    with pytest.raises(Corrupt, match="outside the visible set"):
        retrieve(leaking, ["cabinet"], mask, Retrieve(), FusedOrder())
