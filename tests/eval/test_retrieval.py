from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant.config import Retrieve
from assistant.errors import InputError
from assistant.models.twins import HashingEmbedder
from assistant.retrieve import FusedOrder, retrieve
from assistant.types import Progress
from eval.beir import BeirSnapshot, Entry, build_snapshot, embed_cached, read_corpus, vector_cache
from eval.retrieval import collapsed, judge, read_per_query, search, summary, write_per_query
from eval.significance import compare, randomisation
from tests.world import CountingEmbedder, World

LONG = " ".join(f"Clause {n} speaks of the violet cabinet number {n}." for n in range(60))
ENTRIES = [
    Entry(id="a", title="1.1", text="A gift above the limit must be refused.", document="1"),
    Entry(id="b", title="1.2", text=LONG, document="1"),
    Entry(id="c", title="", text="Complaints are acknowledged within three days.", document=""),
    Entry(id="d", title="2.1", text="", document="2"),
]


def quiet(progress: Progress) -> None:
    """Hears progress and says nothing."""


@pytest.fixture
def snapshot(world: World) -> BeirSnapshot:
    return build_snapshot(ENTRIES, HashingEmbedder(), "cpu", vector_cache(world.config), 64, quiet)


def test_every_row_lies_in_its_document_and_within_the_limit(snapshot: BeirSnapshot) -> None:
    for row, passage in enumerate(snapshot.passages):
        document = snapshot.document_of(row)
        assert document.text[passage.start : passage.end] == passage.text
        assert HashingEmbedder().count_tokens(passage.text) <= 64
    parents = [snapshot.parent_of(passage) for passage in snapshot.passages]
    assert set(parents) == {"a", "b", "c", "d"}
    assert parents.count("b") > 3
    assert "".join(p.text for p in snapshot.passages if snapshot.parent_of(p) == "b") == LONG


def test_rows_of_one_passage_count_once_at_their_best_place(snapshot: BeirSnapshot) -> None:
    everything = np.ones(len(snapshot.passages), dtype=np.bool_)
    (hits,) = retrieve(snapshot, ["violet cabinet gift"], everything, Retrieve(hits=30), FusedOrder())
    ids = collapsed(hits, snapshot)
    assert len(ids) == len(set(ids))
    assert ids[0] == snapshot.parent_of(hits[0].passage)
    places = [min(n for n, h in enumerate(hits) if snapshot.parent_of(h.passage) == i) for i in ids]
    assert places == sorted(places)


def test_the_search_is_the_one_that_answers_use(snapshot: BeirSnapshot) -> None:
    class Longest:
        identity = "longest"

        def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.array([len(text) for text in texts], dtype=np.float32)

    queries = {"q1": "gift limit", "q2": "violet cabinet", "q3": "three days"}
    found = search(snapshot, queries, Retrieve(rerank_candidates=30), Longest(), 2, quiet)
    everything = np.ones(len(snapshot.passages), dtype=np.bool_)
    direct = retrieve(snapshot, list(queries.values()), everything, Retrieve(hits=30), Longest())
    assert found == {q: collapsed(h, snapshot)[:2] for q, h in zip(queries, direct, strict=True)}


def test_a_second_run_embeds_nothing(world: World) -> None:
    embedder, cache = CountingEmbedder(), vector_cache(world.config)
    first = embed_cached(["a gift", "a limit", "a gift"], embedder, cache, quiet)
    assert sorted(embedder.embedded) == ["a gift", "a limit"]
    again = embed_cached(["a limit", "a gift"], embedder, cache, quiet)
    assert len(embedder.embedded) == 2
    assert np.array_equal(first[[1, 0]], again)


IDS = st.sampled_from([f"p{n}" for n in range(12)])


@settings(max_examples=60)
@given(
    found=st.lists(IDS, unique=True, max_size=12).map(tuple),
    gold=st.sets(st.one_of(IDS, st.just("not in the corpus")), min_size=1, max_size=4),
    k=st.integers(1, 12),
)
def test_measures_are_those_of_their_formulas(found: tuple[str, ...], gold: set[str], k: int) -> None:
    (judged,) = judge({"q": found}, {"q": dict.fromkeys(gold, 1)}, {"q": "?"}, [k])
    places = [n for n, p in enumerate(found[:k], start=1) if p in gold]
    ideal = sum(1 / math.log2(n + 1) for n in range(1, min(len(gold), k) + 1))
    expected = {
        f"recall@{k}": len(places) / len(gold),
        f"map@{k}": sum((n + 1) / place for n, place in enumerate(places)) / len(gold),
        f"ndcg@{k}": sum(1 / math.log2(place + 1) for place in places) / ideal,
        f"all@{k}": float(len(places) == len(gold)),
    }
    assert judged.measures == pytest.approx(expected)


def test_a_per_query_file_reads_back_and_compares(tmp_path: Path) -> None:
    gold = {f"q{n}": {f"p{n}": 1} for n in range(12)}
    texts = dict.fromkeys(gold, "?")
    right = judge({q: (next(iter(g)),) for q, g in gold.items()}, gold, texts, [1])
    wrong = judge(dict.fromkeys(gold, ("other",)), gold, texts, [1])
    write_per_query(wrong, tmp_path / "a")
    write_per_query(right, tmp_path / "b")
    told = compare(read_per_query(tmp_path / "a"), read_per_query(tmp_path / "b"))
    assert summary(right)["map@1"] == 1
    assert (told["queries"], told["map@1"]["difference"]) == (12, 1.0)
    assert told["map@1"]["p"] < 0.01


@given(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=30))
def test_a_run_is_not_better_than_itself(values: list[float]) -> None:
    assert randomisation(values, values, rounds=50) == 1.0


def test_p_is_that_of_counting_all_swaps() -> None:
    """Five questions, all better by 1: only two of the 32 labellings are as extreme."""
    assert randomisation([0] * 5, [1] * 5, rounds=20_000) == pytest.approx(2 / 32, abs=0.01)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "holds no passage"), ("{", "not JSON Lines"), ('{"_id": "a"}', ":1 is not a passage")],
)
def test_a_broken_corpus_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "corpus.jsonl").write_text(text)
    with pytest.raises(InputError, match=message):
        read_corpus(tmp_path)


def test_an_id_may_not_stand_twice(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text((json.dumps({"_id": "a", "text": "x"}) + "\n") * 2)
    with pytest.raises(InputError, match="stands twice"):
        read_corpus(tmp_path)
