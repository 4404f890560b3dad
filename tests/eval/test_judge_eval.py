"""The judge's measures against planted answers and an independent area."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import JudgeSection
from assistant.evidence.support import OverlapJudge
from assistant.models.twins import HashingEmbedder
from assistant.train.pairs import Pair, Source
from assistant.types import Passage
from eval.judge import area, baselines, counterfactual, measure, milliseconds

SCORES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=12)


@given(above=SCORES, below=SCORES)
def test_area_is_the_share_of_ordered_pairs(above: list[float], below: list[float]) -> None:
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in product(above, below)]
    assert area(above, below) == pytest.approx(sum(wins) / len(wins), abs=1e-4)


def test_area_of_nothing() -> None:
    assert area([], [1.0]) is area([1.0], []) is None


def pair(sentence: str, kind: str, *, supported: bool) -> Pair:
    passage = "Staff may accept a gift worth up to £75. Files are kept for six years."
    return Pair(sentence=sentence, passage=passage, supported=supported, kind=kind, document="d", held=False)


def judge() -> OverlapJudge:
    return OverlapJudge(HashingEmbedder(), JudgeSection())


def test_what_is_shown_and_refused_by_kind() -> None:
    pairs = [
        pair("Files are kept for 6 years.", "respelt", supported=True),
        pair("Wine is bad.", "reworded", supported=True),
        pair("Files are kept for six years.", "verbatim", supported=True),
        pair("Files are kept for seven years.", "number", supported=False),
        pair("Files may be kept for six years.", "modality", supported=False),
    ]
    found = measure({"judge": judge()}, baselines(HashingEmbedder()), pairs)
    assert found["n"] == {"reworded": 2, "literal": 1, "changed": 2}
    shown = found["shown"]["judge"]
    assert (shown["reworded_refused"], shown["literal_refused"]) == (0.5, 0.0)
    assert shown["changed_shown_by_kind"]["number"] == 0.0
    assert set(found["auroc"]) == {"judge", "lexical overlap", "cosine"}
    assert found["auroc_by_kind"]["number"]["n"] == 1
    assert milliseconds(judge(), pairs * 4)["median"] > 0


def test_a_changed_passage_makes_the_old_sentence_fall() -> None:
    text = "Staff may accept a gift worth up to £75. Files must be kept for six years after that."
    sources = [Source(document="d", passage=Passage(id="p", document_id="d", start=0, end=0, text=text, where=""))]
    found = counterfactual(judge(), sources, most=2)
    assert found["n"] == sum(found["changes"].values()) == 2
    assert found["old_refused"] == found["new_supported"] == found["old_supported_before"] == 1.0
