"""A clip is heard again where the decoder seems to follow itself, or what it was told, instead of the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from assistant.models.speech_doubt import ECHO, doubtful, echoes, surest

TOLD = list(range(100, 130))


@dataclass(frozen=True)
class Look:
    tokens: Sequence[int]
    avg_logprob: float = -0.2
    compression_ratio: float = 1.2


CLEAR, LOOP, ECHOED = Look(range(9)), Look([1, 2, 3, 4, 5, 6] * 2), Look([1, 2, *TOLD[4:12], 3])
FAINT = Look(range(9), avg_logprob=-1.4)


@given(st.lists(st.integers(0, 3), max_size=25), st.lists(st.integers(0, 3), max_size=25), st.integers(1, 7))
def test_an_echo_is_a_run_of_both(tokens: list[int], told: list[int], least: int) -> None:
    text, known = "".join(map(str, tokens)), "".join(map(str, told))
    plain = any(text[at : at + least] in known for at in range(len(text) - least + 1))
    assert echoes(tokens, told, least) == plain


def test_what_strays_or_is_faint_is_doubtful() -> None:
    assert not doubtful(CLEAR, TOLD)
    assert all(doubtful(look, TOLD) for look in (LOOP, ECHOED, FAINT))
    assert not doubtful(ECHOED)
    assert not doubtful(Look(TOLD[: ECHO - 1]), TOLD)


def test_the_next_look_is_taken_only_where_there_is_doubt() -> None:
    def looks(*given: Look) -> Look:
        return surest(iter(given), lambda look: look, TOLD)

    assert looks(CLEAR, FAINT) is CLEAR
    assert looks(ECHOED, FAINT, CLEAR) is CLEAR
    assert looks(ECHOED, FAINT) is FAINT
    assert looks(FAINT, LOOP) is FAINT
    assert looks(LOOP) is LOOP
