"""Regions are in order, apart, within the recording, and hold every sure frame; fed in pieces or at once, they are the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.voice.segment import Rules, Segmenter, packed, regions
from assistant.voice.values import FRAME, RATE, Region

probabilities = st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.99]), max_size=400)
rules = st.builds(
    Rules,
    speech=st.sampled_from([0.03, 0.19, 0.4]),
    silence=st.sampled_from([0.4, 0.7]),
    pad=st.sampled_from([0.0, 0.2]),
    longest=st.sampled_from([1.0, 3.0, 28.0]),
)


@given(probabilities, rules)
def test_regions_are_ordered_apart_and_within(found: list[float], given_rules: Rules) -> None:
    samples = len(found) * FRAME
    out = regions(np.array(found, dtype=np.float32), given_rules, samples)
    edges = [edge for region in out for edge in (region.start, region.end)]
    assert edges == sorted(edges)
    assert all(0 <= region.start < region.end <= samples for region in out)
    assert all((r.end - r.start) / RATE <= given_rules.longest + 2 * given_rules.pad + 1 for r in out)


@given(probabilities)
def test_no_sure_frame_is_lost_where_one_is_enough(found: list[float]) -> None:
    out = regions(np.array(found, dtype=np.float32), Rules(speech=0.03), len(found) * FRAME)
    for number, probability in enumerate(found):
        if probability >= 0.5:
            assert any(r.start <= number * FRAME and (number + 1) * FRAME <= r.end for r in out)


@given(probabilities, rules, st.lists(st.integers(0, 60), max_size=20))
def test_in_pieces_or_at_once(found: list[float], given_rules: Rules, sizes: list[int]) -> None:
    whole = Segmenter(given_rules)
    expected = [*whole.feed(found), *whole.close()]
    live, out, at = Segmenter(given_rules), [], 0
    for size in sizes:
        before = live.keep_from
        got = list(live.feed(found[at : at + size]))
        assert all(region.start >= before for region in got)
        out += got
        at += size
    assert [*out, *live.feed(found[at:]), *live.close()] == expected


def test_quiet_gives_nothing_and_a_click_is_no_speech() -> None:
    assert regions(np.full(300, 0.3, dtype=np.float32), Rules(), 300 * FRAME) == []
    click = np.zeros(300, dtype=np.float32)
    click[100:104] = 0.99
    assert regions(click, Rules(), 300 * FRAME) == []
    click[100:140] = 0.99
    (one,) = regions(click, Rules(), 300 * FRAME)
    assert one.voiced == 40


@given(st.lists(st.tuples(st.integers(1, 5 * RATE), st.integers(1, 4 * RATE)), max_size=20))
def test_packing_keeps_all_and_stays_short(parts: list[tuple[int, int]]) -> None:
    found, at = [], 0
    for gap, length in parts:
        found.append(Region(start=at + gap, end=at + gap + length, voiced=1))
        at += gap + length
    out = packed(found, longest=10, gap=2)
    assert sum(region.voiced for region in out) == len(found)
    assert all(any(p.start <= r.start and r.end <= p.end for p in out) for r in found)
    assert all(p.end - p.start <= 10 * RATE or p in found for p in out)


def test_impossible_rules() -> None:
    with pytest.raises(ValueError, match="twice the pad"):
        Rules(pad=0.4, silence=0.5)
