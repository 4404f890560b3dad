"""When a transcript of a clip is doubtful enough to be heard again, and what is changed then; the same for every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np

from assistant.models.speech_align import period, stutters
from assistant.voice.values import Samples, Word

LOGPROB = -1.0
UNSURE = -0.4
"""Under this a clip is also heard slower."""
PACE = 0.85
"""Of the speed, for the slower hearing. How both numbers were chosen: `docs/decisions/014-heard-again-slower.md`."""
COMPRESSION = 2.4
ECHO = 6
"""So many tokens in a row of what the model was told beforehand are its own memory rather than a caller's words."""


class Decoded(Protocol):
    """What a decoder says of one clip: mean log probability of a token, the text's length over its deflated length."""

    @property
    def avg_logprob(self) -> float: ...

    @property
    def compression_ratio(self) -> float: ...

    @property
    def tokens(self) -> Sequence[int]: ...


Look = TypeVar("Look")


def surest(
    first: Look,
    again: Iterable[tuple[float, Callable[[], Look]]],
    of: Callable[[Look], Decoded],
    told: Sequence[int] = (),
) -> Look:
    """The first look at a clip, or a better one of those that are taken ``again``, in turn, each only while the best so far is
    doubtful: strays, or is less probable than the number beside it. ``of``: what was decoded; ``told``: the tokens of the
    prompt."""
    best = first
    for below, look in again:
        if doubtful(of(best), told, below) and likelier(of(other := look()), of(best), told):
            best = other
    return best


def doubtful(result: Decoded, told: Sequence[int] = (), below: float = LOGPROB) -> bool:
    return bool(result.avg_logprob < below) or strays(result, told)


def strays(result: Decoded, told: Sequence[int] = ()) -> bool:
    """Does the decoder follow itself instead of the sound: its own last words, or the prompt?"""
    again = period(result.tokens) is not None or stutters(result.tokens)
    return bool(result.compression_ratio > COMPRESSION) or again or echoes(result.tokens, told)


def echoes(tokens: Sequence[int], told: Sequence[int], least: int = ECHO) -> bool:
    """Do ``least`` tokens in a row stand in both?"""
    runs = {tuple(told[at : at + least]) for at in range(len(told) - least + 1)}
    return any(tuple(tokens[at : at + least]) in runs for at in range(len(tokens) - least + 1))


def likelier(other: Decoded, result: Decoded, told: Sequence[int] = ()) -> bool:
    """Is the other look to be preferred: the one that does not stray, else the likelier."""
    return (not strays(other, told), other.avg_logprob) > (not strays(result, told), result.avg_logprob)


def slower(clip: Samples) -> Samples:
    """The clip played at `PACE`, deeper by as much. The hiss of an s, which a telephone cuts off, comes to lie nearer to what
    is left of it, and short sounds get longer."""
    places = np.arange(0, max(0, len(clip) - 1), PACE)
    return np.interp(places, np.arange(len(clip)), clip).astype(np.float32) if len(places) else clip


def at_pace(words: Iterable[Word]) -> tuple[Word, ...]:
    """Words of the slower hearing, with their times in the clip."""
    return tuple(replace(word, start=word.start * PACE, end=word.end * PACE) for word in words)
