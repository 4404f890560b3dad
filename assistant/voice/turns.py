"""A live call as turns: when somebody begins to speak, each finished stretch of speech once, and when the turn is over.

Each second of sound is looked at once by the detector and belongs to one stretch: work per second is constant however long the
call, and nothing older than the stretch at hand is kept. A lull tells what a stretch will be before it is known to be over, for
whoever has the time to begin with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from assistant.voice.segment import Rules, Segmenter
from assistant.voice.values import FRAME, RATE, DetectorStream, Region, Samples

LIVE = Rules(silence=0.4, pad=0.18, longest=12.0)
"""A stretch ends at a short pause, so that its words are ready when the turn ends."""


@dataclass(frozen=True, kw_only=True)
class SpeechStarted:
    """Somebody speaks: what is being said to them should stop. ``at`` in seconds of the call."""

    at: float


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A finished stretch of speech; ``start`` in seconds of the call, ``voiced`` in seconds."""

    samples: Samples
    start: float
    voiced: float

    def same_sound(self, other: Stretch) -> bool:
        """Of the same call."""
        return (self.start, len(self.samples)) == (other.start, len(other.samples))


@dataclass(frozen=True, kw_only=True)
class Lull:
    """The speaker has stopped, perhaps for breath only: ``stretch`` as it will be if no more of it comes."""

    stretch: Stretch


@dataclass(frozen=True, kw_only=True)
class TurnEnded:
    """The speaker has been silent for long enough, or has spoken for as long as a turn may last."""

    at: float


Heard = SpeechStarted | Lull | Stretch | TurnEnded


class Turns:
    """Feed it the sound of one caller. ``pause``: seconds of silence that end a turn; ``longest``: seconds of one turn."""

    def __init__(
        self, detector: DetectorStream, *, rules: Rules = LIVE, pause: float = 0.7, longest: float = 30.0
    ) -> None:
        self._detector = detector
        self._segmenter = Segmenter(rules)
        self._pause = max(pause, rules.silence)
        self._longest = longest
        self._buffer = np.zeros(0, dtype=np.float32)
        self._first = 0
        self._fed = 0
        self._speaking = False
        self._open = False
        self._turn_start = 0.0
        self._lull_until = 0

    @property
    def held(self) -> float:
        """Seconds of sound in memory."""
        return len(self._buffer) / RATE

    def feed(self, samples: Samples) -> Iterator[Heard]:
        self._buffer = np.concatenate((self._buffer, samples))
        self._fed += len(samples)
        for region in self._segmenter.feed(self._detector.feed(samples)):
            yield from self._begun(region.start / RATE)
            yield self._stretch(region)
        if self._segmenter.speaking:
            yield from self._begun(self._fed / RATE)
            yield from self._lulls()
        else:
            self._speaking = False
        now = self._fed / RATE
        over = not self._segmenter.speaking and self._segmenter.quiet_for >= self._pause
        if self._open and (over or now - self._turn_start >= self._longest):
            yield from self._close()
        self._forget()

    def close(self) -> Iterator[Heard]:
        """The line is gone: what is still open is given."""
        if self._open or self._segmenter.speaking:
            yield from self._close()

    def _begun(self, at: float) -> Iterator[Heard]:
        if not self._open:
            self._open, self._turn_start = True, at
        if not self._speaking:
            self._speaking = True
            yield SpeechStarted(at=at)

    def _lulls(self) -> Iterator[Heard]:
        """Once for each place where the speaker stops: as soon as all that the stretch would have has come."""
        likely = self._segmenter.likely
        if likely is not None and self._lull_until < likely.end <= self._fed:
            self._lull_until = likely.end
            yield Lull(stretch=self._stretch(likely))

    def _close(self) -> Iterator[Heard]:
        for region in self._segmenter.close():
            yield self._stretch(region)
        self._open = self._speaking = False
        yield TurnEnded(at=self._fed / RATE)

    def _stretch(self, region: Region) -> Stretch:
        first, last = max(0, region.start - self._first), max(0, region.end - self._first)
        return Stretch(
            samples=self._buffer[first:last].copy(), start=region.start / RATE, voiced=region.voiced * FRAME / RATE
        )

    def _forget(self) -> None:
        drop = min(len(self._buffer), self._segmenter.keep_from - self._first)
        if drop > 0:
            self._buffer = self._buffer[drop:]
            self._first += drop
