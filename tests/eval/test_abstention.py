"""Risk and coverage, against counting by hand; the area, against counting pairs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.abstention import MOST_POINTS, Ventured, abstention

KEYS = st.frozensets(st.sampled_from("pq"), max_size=1)
ITEMS = st.lists(
    st.builds(Ventured, confidence=st.integers(0, 9).map(lambda n: n / 10), gold=KEYS, cites=KEYS),
    min_size=1,
    max_size=40,
)


@given(ITEMS, st.integers(0, 10).map(lambda n: n / 10))
def test_every_point_is_what_its_threshold_lets_through(items: list[Ventured], threshold: float) -> None:
    found = abstention(items, threshold)
    for point in [*found["curve"], found["operating_point"]]:
        passed = [one for one in items if one.confidence >= point["threshold"]]
        answered = [one for one in passed if one.cites]
        wrong = [one for one in answered if not one.cites & one.gold]  # type: ignore[operator]
        assert point["coverage"] == pytest.approx(len(passed) / len(items), abs=1e-4)
        assert point["answered"] == len(answered)
        assert point["risk"] == pytest.approx(len(wrong) / len(answered) if answered else 0, abs=1e-4)
        assert point["risk"] <= point["risk_at_most_95"] + 1e-4
    coverages = [point["coverage"] for point in found["curve"]]
    assert coverages == sorted(coverages)
    assert coverages[-1] == 1.0
    assert found["risk_at_coverage"]["1.0"] == found["curve"][-1]["risk"]


@given(ITEMS)
def test_the_area_is_the_share_of_pairs_in_order(items: list[Ventured]) -> None:
    with_gold = [one.confidence for one in items if one.gold]
    without = [one.confidence for one in items if not one.gold]
    pairs = [(a > b) + (a == b) / 2 for a in with_gold for b in without]
    expected = pytest.approx(sum(pairs) / len(pairs), abs=1e-4) if pairs else None
    assert abstention(items, 0.5)["auroc"] == expected


def test_the_curve_ends_where_answers_were_not_written() -> None:
    gold = frozenset("p")
    items = [Ventured(confidence=c, gold=gold, cites=gold if c > 0.5 else None) for c in (0.9, 0.8, 0.4, 0.3)]
    found = abstention(items, 0.5)
    assert [point["coverage"] for point in found["curve"]] == [0.25, 0.5]
    assert found["risk_at_coverage"] == {"0.5": 0.0, "0.8": None, "1.0": None}


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    gold = frozenset("p")
    items = [Ventured(confidence=n / 500, gold=gold, cites=gold) for n in range(500)]
    curve = abstention(items, 0.5)["curve"]
    assert len(curve) == MOST_POINTS
    assert (curve[0]["coverage"], curve[-1]["coverage"]) == (0.002, 1.0)
