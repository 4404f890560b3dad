"""A clip is heard again where the decoder seems to follow itself, or what it was told, instead of the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.models.speech_doubt import ECHO, LOGPROB, PACE, Preference, at_pace, echoes, slower
from assistant.voice.language_model import LanguageModel
from assistant.voice.values import RATE, Word
from assistant.voice.vocabulary import Vocabulary

TOLD = list(range(100, 130))
PREFER = Preference(TOLD)


@dataclass(frozen=True)
class Look:
    tokens: Sequence[int]
    avg_logprob: float = -0.2
    compression_ratio: float = 1.2
    text: str = ""

    def itself(self) -> Look:
        return self


CLEAR, LOOP, ECHOED = Look(range(9)), Look([1, 2, 3, 4, 5, 6] * 2), Look([1, 2, *TOLD[4:12], 3])
FAINT = Look(range(9), avg_logprob=-1.4)


@given(st.lists(st.integers(0, 3), max_size=25), st.lists(st.integers(0, 3), max_size=25), st.integers(1, 7))
def test_an_echo_is_a_run_of_both(tokens: list[int], told: list[int], least: int) -> None:
    text, known = "".join(map(str, tokens)), "".join(map(str, told))
    plain = any(text[at : at + least] in known for at in range(len(text) - least + 1))
    assert echoes(tokens, told, least) == plain


def test_what_strays_or_is_faint_is_doubtful() -> None:
    assert not PREFER.doubtful(CLEAR)
    assert all(PREFER.doubtful(look) for look in (LOOP, ECHOED, FAINT))
    assert not Preference().doubtful(ECHOED)
    assert not PREFER.doubtful(Look(TOLD[: ECHO - 1]))


def test_the_next_look_is_taken_only_where_there_is_doubt() -> None:
    def looks(first: Look, *again: tuple[float, Look]) -> Look:
        return PREFER.surest(first, [(below, partial(Look.itself, look)) for below, look in again], Look.itself)

    def never() -> Look:
        raise AssertionError("looked again")

    likely, likelier = Look(range(9), avg_logprob=-0.3), Look(range(9), avg_logprob=-0.1)
    assert PREFER.surest(CLEAR, [(LOGPROB, never)], Look.itself) is CLEAR
    assert looks(ECHOED, (LOGPROB, FAINT), (LOGPROB, CLEAR)) is CLEAR
    assert looks(ECHOED, (LOGPROB, FAINT)) is FAINT
    assert looks(FAINT, (LOGPROB, LOOP)) is FAINT
    assert looks(LOOP) is LOOP
    assert looks(likely, (-0.2, likelier), (LOGPROB, FAINT)) is likelier
    assert looks(CLEAR, (-0.1, likely), (-0.1, likelier)) is likelier


def test_of_like_sounds_the_wording_decides() -> None:
    hints = Vocabulary(language=LanguageModel(["who must be told of a gift", "section 4 of the policy"]))
    told, sold = Look(range(9), -0.3, text="who must be told"), Look(range(9), -0.2, text="who must be sold")
    surely = Look(range(9), -0.01, text="who must be gold")
    assert PREFER.best([sold, told], Look.itself) is sold
    knowing = Preference(TOLD, hints)
    assert knowing.best([sold, told], Look.itself) is told
    assert knowing.best([sold, Look(LOOP.tokens, text=told.text)], Look.itself) is sold
    faint = Look(range(9), -3.0, text=told.text)
    assert knowing.best([surely, faint], Look.itself) is surely
    assert knowing.surest(sold, [(-0.1, partial(Look.itself, told))], Look.itself) is told
    silent = Look([], -0.1)
    assert knowing.best([silent, told], Look.itself) is silent


@given(st.integers(0, 20_000), st.integers(0, 2**32 - 1))
def test_a_clip_played_slower_keeps_its_place_in_time(size: int, seed: int) -> None:
    clip = np.random.default_rng(seed).normal(0, 0.1, size).astype(np.float32)
    slow = slower(clip)
    assert slow.dtype == np.float32
    assert abs(len(slow) * PACE - size) <= 2
    assert size == 0 or np.abs(slow).max() <= np.abs(clip).max()
    (word,) = at_pace([Word(text="x", start=0.0, end=len(slow) / RATE, confidence=1.0)])
    assert abs(word.end - size / RATE) <= 2 / RATE
