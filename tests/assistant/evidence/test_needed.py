"""The surest passage always speaks; another only where the model says that the answer needs it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from assistant.config import Needed
from assistant.evidence.needed import Standing, most_needed, odds, signals

logits = st.floats(-20, 20)
cosines = st.floats(-1, 1)


def standing(
    passage: float = 0.0,
    sentence: float = 0.0,
    cosine: float = 0.0,
    *,
    beside: Sequence[float],
    adds: Sequence[float] | None = None,
) -> Standing:
    told = tuple(adds) if adds is not None else (0.0,) * len(beside)
    return Standing(passage=passage, sentence=sentence, cosine=cosine, beside=tuple(beside), adds=told)


@st.composite
def some(draw: st.DrawFn) -> list[Standing]:
    size = draw(st.integers(0, 6))
    rows = st.lists(cosines, min_size=size, max_size=size)
    return [standing(draw(logits), draw(logits), draw(cosines), beside=draw(rows)) for _ in range(size)]


standings = some()
models = st.builds(
    Needed,
    threshold=st.floats(0, 1),
    intercept=st.floats(-5, 5),
    weights=st.dictionaries(st.sampled_from(sorted(signals([standing(beside=[1])])[0])), st.floats(-3, 3)),
    most=st.integers(1, 4),
)


@given(given=standings, section=models)
def test_the_first_is_always_there_and_never_more_than_allowed(given: list[Standing], section: Needed) -> None:
    chosen = most_needed(odds(given, section), section)
    assert bool(chosen) == bool(given)
    assert len(chosen) == len(set(chosen)) <= section.most
    assert set(chosen) <= set(range(len(given)))


@given(given=standings, section=models)
def test_a_higher_threshold_only_takes_away(given: list[Standing], section: Needed) -> None:
    stricter = section.model_copy(update={"threshold": min(1.0, section.threshold + 0.2)})
    assert set(most_needed(odds(given, stricter), stricter)) <= set(most_needed(odds(given, section), section))


@given(given=standings)
def test_what_lies_ahead_of_the_others_is_measured_from_the_best_of_them(given: list[Standing]) -> None:
    ahead = [values["passage_ahead"] for values in signals(given)]
    assert sum(value > 0 for value in ahead) <= 1
    assert len(given) != 1 or ahead == [0.0]


def test_unfitted_only_the_surest_speaks() -> None:
    two = [standing(1.0, 0.0, 0.5, beside=[1, 0.2]), standing(3.0, 2.0, 0.4, beside=[0.2, 1])]
    assert most_needed(odds(two, Needed(weights={"passage": 1.0})), Needed()) == [1]
    assert most_needed(odds(two, Needed()), Needed()) == [0]


def test_kin_is_the_cosine_with_the_one_nearest_to_the_question_and_crowd_with_the_rest() -> None:
    three = [
        standing(cosine=0.9, beside=[1, 0.7, 0.2]),
        standing(cosine=0.5, beside=[0.7, 1, 0.4]),
        standing(cosine=0.1, beside=[0.2, 0.4, 1]),
    ]
    assert [(one["kin"], one["crowd"]) for one in signals(three)] == [(0.7, 0.2), (0.7, 0.4), (0.2, 0.4)]
    two = signals([standing(beside=[1, 0.3]), standing(beside=[0.3, 1])])
    assert [(one["kin"], one["crowd"]) for one in two] == [(0.3, 0.3), (0.3, 0.3)]


def test_what_a_passage_adds_is_told_beside_the_one_nearest_to_the_question() -> None:
    three = [
        standing(cosine=0.9, beside=[1, 0.7, 0.2], adds=[0, 0.4, 0.6]),
        standing(cosine=0.5, beside=[0.7, 1, 0.4], adds=[0.2, 0, 0.5]),
        standing(cosine=0.1, beside=[0.2, 0.4, 1], adds=[0.1, 0.3, 0]),
    ]
    assert [one["adds"] for one in signals(three)] == [0.4, 0.2, 0.1]
    assert signals([standing(beside=[1])])[0]["adds"] == 0.0
