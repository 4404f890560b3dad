"""Passages found in a corpus: by the way answers use, with the gold ones hidden from the second asking of each item."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.config import Gate, GeneratorSection, JudgeSection, Needed, Prompt, Retrieve
from assistant.evidence.compose import Composer
from assistant.evidence.support import OverlapJudge
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from assistant.retrieve import FusedOrder
from eval.answer_measures import baselines, measures
from eval.answers import Asker, Said
from eval.beir import BeirSnapshot, Entry, build_snapshot, vector_cache
from eval.contexts import HIDDEN, Retrieved
from eval.items import Item
from tests.world import World, quiet

LONG = " ".join(f"Clause {n} speaks of the violet cabinet number {n}." for n in range(40))
TEXTS = {
    "gift": "A gift worth more than £75 must be refused, see rule 1.2.",
    "files": "Complaint files are kept for six years.",
    "twin": "Complaint files are  kept\nfor six years.",
    "letter": "A complaint is acknowledged by a letter within three days.",
    "cabinet": LONG,
    "tickets": "Tickets are bought by the branch.",
}
ENTRIES = [Entry(id=k, title=f"1.{n}", text=t, document="1") for n, (k, t) in enumerate(TEXTS.items(), start=1)]


def item(question: str, *gold: str, kind: str = "one") -> Item:
    return Item(
        id=question, kind=kind, question=question, passages=(), ids=(), gold=frozenset(gold), answer="It is so."
    )


FILES = item("How long are complaint files kept?", "files")
CABINET = item("What of the violet cabinet number 7?", "cabinet")
NOTHING = item("Who pays?", kind="none")
UNKNOWN = item("How high is a gift?", "gift", "elsewhere", kind="two")


@pytest.fixture
def snapshot(world: World) -> BeirSnapshot:
    return build_snapshot(ENTRIES, HashingEmbedder(), "cpu", vector_cache(world.config), 64, quiet)


def retrieved(snapshot: BeirSnapshot, *items: Item, most: int = 3) -> Retrieved:
    return Retrieved(items, snapshot, Retrieve(hits=10), FusedOrder(), most)


GATE = Gate(threshold=0.0)


def asked(reply: str, contexts: Retrieved) -> list[Said]:
    composer = Composer(
        generator=ScriptedGenerator([reply]),
        judge=OverlapJudge(HashingEmbedder(), JudgeSection()),
        embedder=HashingEmbedder(),
        reranker=FusedOrder(),
        section=GeneratorSection(composition="free"),
        prompt=Prompt(passages=3),
        needed=Needed(),
    )
    asker = Asker(composer=composer, contexts=contexts, gate=GATE)
    return asker.ask_all(lambda _: None)


def test_each_item_with_gold_is_asked_twice_and_the_rest_is_told(snapshot: BeirSnapshot) -> None:
    contexts = retrieved(snapshot, FILES, NOTHING, UNKNOWN)
    assert contexts.told == {"not_asked": 1, "unknown_gold": 1}
    assert [(one.id.removesuffix(HIDDEN), one.kind) for one in contexts.items] == [
        (FILES.id, "one"),
        (FILES.id, "none"),
        (UNKNOWN.id, "two"),
        (UNKNOWN.id, "none"),
    ]
    assert len({one.id for one in contexts.items}) == 4
    second = contexts.items[1]
    assert (second.gold, second.hidden, second.answer) == (frozenset(), FILES.gold, "")


@settings(max_examples=40)
@given(
    question=st.lists(st.sampled_from(" ".join(TEXTS.values()).split()), min_size=1, max_size=8).map(" ".join),
    gold=st.sets(st.sampled_from(sorted(TEXTS)), min_size=1, max_size=4),
    most=st.integers(1, 10),
)
def test_hidden_gold_is_never_found(snapshot: BeirSnapshot, question: str, gold: set[str], most: int) -> None:
    contexts = retrieved(snapshot, item(question, *gold), most=most)
    barred = gold | ({"files", "twin"} if gold & {"files", "twin"} else set())
    context = contexts.of(contexts.items[1])
    assert not {snapshot.parent_of(hit.passage) for hit in context.hits} & barred
    assert not set(context.ids) & barred
    assert len(context.ids) == min(most, len(context.hits))
    assert all(contexts.allowed(contexts.items[0]))


def test_what_is_found_is_cited_by_the_ids_of_the_corpus(snapshot: BeirSnapshot) -> None:
    contexts = retrieved(snapshot, CABINET, most=2)
    said = asked("Clause 7 speaks of the violet cabinet number 7. [1]", contexts)
    assert (said[0].ids, said[0].cited) == (("cabinet", "cabinet"), frozenset({"cabinet"}))
    found = measures(said, GATE)
    assert found["by_kind"]["one"]["citation_precision"] == found["by_kind"]["one"]["citation_recall"] == 1.0
    assert found["by_kind"]["none"]["citation_precision"] == found["by_kind"]["none"]["abstained"] == 1.0
    assert baselines(said)["cite_all"]["by_kind"]["none"]["citation_recall"] == 0.0


def test_gold_that_was_not_found_counts_in_recall(snapshot: BeirSnapshot) -> None:
    far = replace(FILES, gold=frozenset({"files", "tickets"}), kind="two")
    said = asked("Complaint files are kept for six years. [1]", retrieved(snapshot, far, most=1))
    two = measures(said, GATE)["by_kind"]["two"]
    assert (two["gold_within_reach"], two["citation_recall"], two["citation_precision"]) == (0.5, 0.5, 1.0)
