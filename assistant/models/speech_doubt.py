"""When a transcript of a clip is doubtful enough to be heard again, what is changed then, and which of several texts is
preferred; the same for every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from assistant.models.speech_align import period, stutters
from assistant.voice.values import Hints, Samples, Word

LOGPROB = -1.0
UNSURE = -0.4
"""Under this a clip is also heard slower."""
PACE = 0.9
"""Of the speed, for the slower hearing. How both numbers were chosen: `docs/decisions/014-heard-again-slower.md`."""
FLUENCY = 0.25
"""Weight of a word's log probability after the words before it, beside that of a token given the sound; why it has any:
`docs/decisions/016-how-words-follow-one-another.md`."""
COMPRESSION = 2.4
ECHO = 6
"""So many tokens in a row of what the model was told beforehand are its own memory rather than a caller's words."""


class Decoded(Protocol):
    """What a decoder says of one clip: its text and tokens, their mean log probability, the text's length over its deflated
    length."""

    @property
    def text(self) -> str: ...

    @property
    def avg_logprob(self) -> float: ...

    @property
    def compression_ratio(self) -> float: ...

    @property
    def tokens(self) -> Sequence[int]: ...


Look = TypeVar("Look")


@dataclass(frozen=True)
class Preference:
    """Among texts of one clip. ``told``: the tokens of the prompt; ``hints`` know how words follow one another here."""

    told: Sequence[int] = ()
    hints: Hints | None = None

    def best(self, looks: Sequence[Look], of: Callable[[Look], Decoded]) -> Look:
        """One that does not stray, and of those the likeliest by its sound and its wording; the first of equals."""
        return max(looks, key=lambda look: self._rank(of(look))) if len(looks) > 1 else looks[0]

    def surest(
        self,
        first: Look,
        again: Iterable[tuple[float, Callable[[], Look]]],
        of: Callable[[Look], Decoded],
    ) -> Look:
        """The first look at a clip, or a better one of those that are taken ``again``, in turn, each only while the best so far
        is doubtful: strays, or is less probable than the number beside it. ``of``: what was decoded."""
        best = first
        for below, look in again:
            if self.doubtful(of(best), below):
                best = self.best((best, look()), of)
        return best

    def doubtful(self, result: Decoded, below: float = LOGPROB) -> bool:
        return bool(result.avg_logprob < below) or strays(result, self.told)

    def _rank(self, result: Decoded) -> tuple[bool, float]:
        fluency = self.hints.fluency(result.text) if self.hints else 0.0
        return not strays(result, self.told), result.avg_logprob + FLUENCY * fluency


def strays(result: Decoded, told: Sequence[int] = ()) -> bool:
    """Does the decoder follow itself instead of the sound: its own last words, or the prompt?"""
    again = period(result.tokens) is not None or stutters(result.tokens)
    return bool(result.compression_ratio > COMPRESSION) or again or echoes(result.tokens, told)


def echoes(tokens: Sequence[int], told: Sequence[int], least: int = ECHO) -> bool:
    """Do ``least`` tokens in a row stand in both?"""
    runs = {tuple(told[at : at + least]) for at in range(len(told) - least + 1)}
    return any(tuple(tokens[at : at + least]) in runs for at in range(len(tokens) - least + 1))


def slower(clip: Samples) -> Samples:
    """The clip played at `PACE`, deeper by as much. The hiss of an s, which a telephone cuts off, comes to lie
    nearer to what is left of it, and short sounds get longer."""
    places = np.arange(0, max(0, len(clip) - 1), PACE)
    return np.interp(places, np.arange(len(clip)), clip).astype(np.float32) if len(places) else clip


def at_pace(words: Iterable[Word]) -> tuple[Word, ...]:
    """Words of the slower hearing, with their times in the clip."""
    return tuple(replace(word, start=word.start * PACE, end=word.end * PACE) for word in words)
