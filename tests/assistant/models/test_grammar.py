"""The grammar of `among`, as arithmetic on tokens: what can be said, what must be, and that all of it can."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from assistant.models.grammar import OneOfEach

END, LINE = 0, 9
options = st.lists(
    st.lists(st.integers(1, 3), min_size=1, max_size=4).map(lambda tokens: (*tokens, LINE)),
    min_size=1,
    max_size=4,
    unique=True,
)  # as real ones: a line each, so none is the beginning of another


@given(options=options, data=st.data())
def test_whatever_is_chosen_the_text_is_whole_options_each_at_most_once(
    options: list[tuple[int, ...]], data: st.DataObject
) -> None:
    grammar, said = OneOfEach([options], END), list[int]()
    while allowed := grammar.allowed():
        token = data.draw(st.sampled_from(sorted(allowed)))
        if token == END:
            break
        grammar.advance([token])
        forced = grammar.forced()
        grammar.advance(forced)
        said += [token, *forced]
    whole = _lines(said)
    assert whole
    assert set(whole) <= set(options)
    assert len(whole) == len(set(whole))


@given(options=options)
def test_every_choice_and_order_of_options_can_be_said(options: list[tuple[int, ...]]) -> None:
    for chosen in permutations(options, min(2, len(options))):
        grammar = OneOfEach([options], END)
        for token in (token for option in chosen for token in option):
            assert token in grammar.allowed()
            grammar.advance([token])
        assert len(chosen) == len(options) or END in grammar.allowed()


@given(options=options)
def test_forced_tokens_are_the_only_ones_that_were_allowed(options: list[tuple[int, ...]]) -> None:
    for option in options:
        grammar = OneOfEach([options], END)
        for token in option[:-1]:
            grammar.advance([token])
            for forced in grammar.forced()[:1]:
                assert grammar.allowed() == {forced}


@given(options=options, cut=st.integers(0, 4), data=st.data())
def test_of_each_group_one_is_said_before_the_end(
    options: list[tuple[int, ...]], cut: int, data: st.DataObject
) -> None:
    groups = [options[:cut], options[cut:]]
    grammar, said = OneOfEach(groups, END), list[int]()
    while (allowed := grammar.allowed()) and END not in allowed:
        token = data.draw(st.sampled_from(sorted(allowed)))
        grammar.advance([token])
        said.append(token)
    whole = _lines(said)
    assert all(set(whole) & set(group) for group in groups if group)
    assert [option in groups[1] for option in whole] == sorted(option in groups[1] for option in whole)


def test_nothing_can_end_before_something_was_said() -> None:
    assert END not in OneOfEach([[(1, LINE)]], END).allowed()
    assert OneOfEach([], END).allowed() == frozenset()


def _lines(tokens: list[int]) -> list[tuple[int, ...]]:
    lines: list[tuple[int, ...]] = []
    current: list[int] = []
    for token in tokens:
        current.append(token)
        if token == LINE:
            lines.append(tuple(current))
            current = []
    assert current == [], "an option was cut off"
    return lines
