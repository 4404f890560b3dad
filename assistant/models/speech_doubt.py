"""When a transcript of a clip is doubtful enough to be heard again; the same for every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from assistant.models.speech_align import period, stutters

LOGPROB = -1.0
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


def surest(looks: Iterator[Look], of: Callable[[Look], Decoded], told: Sequence[int] = ()) -> Look:
    """The first look at a clip; while that is doubtful the next one, and the better of each two. ``of``: what was decoded;
    ``told``: the tokens of the prompt."""
    best = next(looks)
    while doubtful(of(best), told) and (other := next(looks, None)) is not None:
        if likelier(of(other), of(best), told):
            best = other
    return best


def doubtful(result: Decoded, told: Sequence[int] = ()) -> bool:
    return bool(result.avg_logprob < LOGPROB) or strays(result, told)


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
