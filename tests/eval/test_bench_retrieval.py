from __future__ import annotations

import json

import numpy as np
import pytest

from assistant.models.twins import HashingEmbedder
from assistant.types import Progress
from eval.bench_retrieval import Spent, bench, grow, spread
from tests.world import World
from ui.cli import main

TEXTS = [
    "A gift must be refused. It is recorded.",
    "The violet cabinet; opened twice a day.",
    "Six years. Then destroyed.",
]


def quiet(progress: Progress) -> None:
    """Hears progress and says nothing."""


@pytest.mark.parametrize("n", [2, 3, 40])
def test_a_grown_corpus_begins_with_the_real_one(n: int) -> None:
    embedder = HashingEmbedder()
    vectors = embedder.embed(TEXTS)
    grown = grow(vectors, TEXTS, n)
    assert grown.vectors.shape == (n, embedder.dim)
    assert len(grown.features) == n
    assert np.allclose(np.linalg.norm(grown.vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(grown.vectors[:3], vectors[:n])
    again = grow(vectors, TEXTS, n)
    assert np.array_equal(again.vectors, grown.vectors)
    assert again.features == grown.features


def test_the_exact_search_loses_nothing_under_any_filter() -> None:
    embedder = HashingEmbedder()
    told = bench(
        grow(embedder.embed(TEXTS), TEXTS, 300), embedder, ["gift", "cabinet"], [1, 0.1, 0], compare=False, tell=quiet
    )
    assert told["passages"] == 300
    assert [row["rows"] for row in told["visible"].values()][::2] == [300, 0]
    assert all(row["recall"] >= 0.95 for row in told["visible"].values())  # fp16 against float32: near ties
    assert all(row["lexical_recall"] == 1 for row in told["visible"].values())
    assert told["visible"]["1"]["search_ms"]["p50"] >= told["visible"]["1"]["dense_ms"]["p50"]


def test_beside_the_other_libraries() -> None:
    pytest.importorskip("usearch", reason="needs muniment[bench]")
    embedder = HashingEmbedder()
    told = bench(
        grow(embedder.embed(TEXTS), TEXTS, 300), embedder, ["gift", "cabinet"], [1], compare=True, k=5, tell=quiet
    )
    row = told["visible"]["1"]
    assert told["k"] == 5
    assert row["usearch"]["recall"] > 0.3
    assert {"p50", "cpu_p95"} <= row["bm25s"]["ms"].keys()


def test_percentiles() -> None:
    told = spread(Spent([float(n) for n in range(101)], [1.0] * 101))
    assert told == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "cpu_p50": 1.0, "cpu_p95": 1.0, "cpu_p99": 1.0}


def test_the_command_prints_one_object(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [{"id": str(n), "question": f"gift {n}?", "gold": [], "answerable": False} for n in range(3)]
    world.write("corpora/rules/questions.jsonl", "\n".join(map(json.dumps, cases)))
    monkeypatch.setattr("assistant.build.build_embedder", lambda config: HashingEmbedder())
    monkeypatch.chdir(world.root)
    arguments = ["bench", "retrieval", "--passages", "20,60", "--visible", "1,0.5", "--no-rerank", "--json"]
    monkeypatch.setattr("sys.argv", ["muniment", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr()
    assert end.value.code in (0, None), told.err
    body = json.loads(told.out)
    assert [run["passages"] for run in body["runs"]] == [20, 60]
    assert {"dense_ms", "lexical_ms", "recall", "rows"} <= body["runs"][1]["visible"]["0.5"].keys()
