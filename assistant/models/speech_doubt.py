"""When a transcript of a clip is doubtful enough to be heard again; the same for every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from assistant.models.speech_align import period, stutters

LOGPROB = -1.0
COMPRESSION = 2.4


class Decoded(Protocol):
    """What a decoder says of one clip: mean log probability of a token, the text's length over its deflated length."""

    @property
    def avg_logprob(self) -> float: ...

    @property
    def compression_ratio(self) -> float: ...

    @property
    def tokens(self) -> Sequence[int]: ...


Look = TypeVar("Look")


def surest(looks: Iterator[Look], of: Callable[[Look], Decoded]) -> Look:
    """The first look at a clip; while that is doubtful the next one, and the better of each two. ``of``: what was decoded."""
    best = next(looks)
    while doubtful(of(best)) and (other := next(looks, None)) is not None:
        if likelier(of(other), of(best)):
            best = other
    return best


def doubtful(result: Decoded) -> bool:
    return bool(result.avg_logprob < LOGPROB) or repeats(result)


def repeats(result: Decoded) -> bool:
    again = period(result.tokens) is not None or stutters(result.tokens)
    return bool(result.compression_ratio > COMPRESSION) or again


def likelier(other: Decoded, result: Decoded) -> bool:
    """Is the other look to be preferred: the one that does not repeat itself, else the likelier."""
    return (not repeats(other), other.avg_logprob) > (not repeats(result), result.avg_logprob)
