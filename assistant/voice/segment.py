"""Speech probabilities into stretches of speech: one state machine for recordings and for live calls.

Hysteresis as usual for such detectors: a stretch begins with a frame at ``on``, goes on while frames stay at ``off`` or
above, and ends after ``silence`` seconds below. What has too few sure frames is no speech. Not covered: two speakers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.voice.values import FRAME, RATE, Region


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Seconds, but for the probabilities ``on`` > ``off``. ``pad`` is kept before and after each stretch."""

    on: float = 0.5
    off: float = 0.35
    speech: float = 0.19
    silence: float = 0.5
    pad: float = 0.2
    longest: float = 28.0

    def __post_init__(self) -> None:
        if not 0 < self.off <= self.on < 1 or self.pad * 2 > self.silence or self.longest < 1:
            raise ValueError("rules of segmentation: 0 < off <= on < 1, twice the pad within the silence, longest >= 1")


class Segmenter:
    """Feed it probabilities frame by frame; it gives regions as they close. Regions are in order and do not overlap."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._frame = 0
        self._start: int | None = None
        self._last = 0
        self._seen: list[float] = []
        self._closed = 0

    @property
    def speaking(self) -> bool:
        """Whether a stretch is open that counts as speech already."""
        return self._start is not None and self._sure(self._seen) >= self._needed

    @property
    def quiet_for(self) -> float:
        """Seconds since the last frame of speech."""
        return (self._frame - self._last) * FRAME / RATE

    @property
    def likely(self) -> Region | None:
        """The open stretch as it will be if nothing more of it is said; None where none is open that counts as speech."""
        return self._region(self._last + 1, pad_end=True) if self.speaking else None

    @property
    def keep_from(self) -> int:
        """The first sample that a later region can still need."""
        first = self._frame if self._start is None else self._start
        return max(self._closed, first * FRAME - self._pad)

    def feed(self, probabilities: Iterable[float]) -> Iterator[Region]:
        for probability in probabilities:
            yield from self._step(float(probability))
            self._frame += 1

    def close(self) -> Iterator[Region]:
        """The stretch still open at the end; the machine is then ready for more."""
        if self._start is not None:
            yield from self._emit(self._last + 1)
            self._start = None

    def _step(self, probability: float) -> Iterator[Region]:
        if self._start is None:
            if probability < self._rules.on:
                return
            self._start, self._seen = self._frame, []
        self._seen.append(probability)
        if probability >= self._rules.off:
            self._last = self._frame
        elif (self._frame - self._last) * FRAME >= self._rules.silence * RATE:
            yield from self._emit(self._last + 1)
            self._start = None
            return
        if len(self._seen) * FRAME >= self._rules.longest * RATE:
            yield from self._cut()

    def _cut(self) -> Iterator[Region]:
        """Too long: end it at its least sure frame in the last third, go on from there."""
        assert self._start is not None
        first = len(self._seen) * 2 // 3
        at = first + int(np.argmin(self._seen[first:]))
        rest = self._seen[at:]
        self._seen = self._seen[:at]
        cut = self._start + at
        yield from self._emit(cut, pad_end=False)
        self._start, self._seen = cut, rest

    def _emit(self, end: int, *, pad_end: bool = True) -> Iterator[Region]:
        region = self._region(end, pad_end=pad_end)
        if self._sure(self._seen) >= self._needed:
            self._closed = region.end
            yield region

    def _region(self, end: int, *, pad_end: bool) -> Region:
        """From the start of the open stretch to the frame ``end``."""
        assert self._start is not None
        first = max(self._closed, self._start * FRAME - self._pad)
        return Region(start=first, end=end * FRAME + (self._pad if pad_end else 0), voiced=self._sure(self._seen))

    @property
    def _pad(self) -> int:
        return int(self._rules.pad * RATE)

    @property
    def _needed(self) -> int:
        return max(1, round(self._rules.speech * RATE / FRAME))

    def _sure(self, seen: Sequence[float]) -> int:
        return sum(1 for one in seen if one >= self._rules.on)


def regions(probabilities: NDArray[np.float32], rules: Rules, samples: int) -> list[Region]:
    """All regions of a whole recording of ``samples`` samples."""
    machine = Segmenter(rules)
    found = [*machine.feed(probabilities), *machine.close()]
    return [Region(start=r.start, end=min(r.end, samples), voiced=r.voiced) for r in found if r.start < samples]


def packed(found: Sequence[Region], *, longest: float, gap: float) -> list[Region]:
    """Neighbours joined while the whole stays within ``longest`` seconds and no pause exceeds ``gap``: a transcriber that
    hears a sentence whole makes fewer errors."""
    out: list[Region] = []
    for one in found:
        if out and one.end - out[-1].start <= longest * RATE and one.start - out[-1].end <= gap * RATE:
            before = out.pop()
            out.append(Region(start=before.start, end=one.end, voiced=before.voiced + one.voiced))
        else:
            out.append(one)
    return out
