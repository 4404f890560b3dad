"""A recording to a transcript: where is speech, what was said, is it sure enough to be passed on.

Nothing is transcribed that the voice detector does not take for speech, and what a transcriber makes of it must pass the gates:
words invented from noise are improbable, repeat themselves, or come faster than anybody speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.voice.rivals import later
from assistant.voice.segment import Rules, packed, regions
from assistant.voice.sound import Sound
from assistant.voice.values import (
    FRAME,
    RATE,
    Correction,
    Detector,
    Heard,
    Region,
    Samples,
    Segment,
    Transcriber,
    Transcript,
    Word,
)
from assistant.voice.vocabulary import Vocabulary, corrected
from assistant.voice.words import joined

_JOIN_GAP = 2.0
"""Seconds of pause within one clip at most."""


@dataclass(frozen=True, kw_only=True)
class Gates:
    """A clip is passed on where its mean ``logprob`` is at least this, or at least ``sure_logprob`` when the model says
    itself that nobody speaks (``no_speech``); where it does not repeat itself; where it has at most ``pace`` words a second
    of voiced sound; and where its words are ``least`` confident on average.

    From ``long`` seconds of voiced sound on, somebody speaks: then ``long_logprob`` is enough, because a doubtful transcript
    that is read back serves a caller better than none.
    """

    logprob: float = -1.1
    no_speech: float = 0.6
    sure_logprob: float = -0.7
    compression: float = 2.4
    pace: float = 9.0
    least: float = 0.35
    long: float = 1.0
    long_logprob: float = -2.0

    def passes(self, heard: Heard, voiced: float) -> bool:
        """``voiced`` in seconds."""
        confidence = sum(w.confidence for w in heard.words) / max(1, len(heard.words))
        if voiced >= self.long:
            needed, least = self.long_logprob, 0.0
        else:
            needed = self.sure_logprob if heard.no_speech > self.no_speech else self.logprob
            least = self.least
        return (
            bool(heard.words)
            and heard.logprob >= needed
            and heard.compression <= self.compression
            and len(heard.words) <= 2 + self.pace * voiced
            and confidence >= least
        )


@dataclass(frozen=True, kw_only=True)
class Part:
    """What was heard between ``start`` and ``end`` of the recording, ``voiced`` of it surely speech; all in seconds."""

    heard: Heard
    start: float
    end: float
    voiced: float


class Listener:
    """The detector, the transcriber and the rules between them. Safe to share between callers."""

    def __init__(
        self,
        detector: Detector,
        transcriber: Transcriber,
        *,
        rules: Rules | None = None,
        gates: Gates | None = None,
        language: str = "en",
    ) -> None:
        self.detector = detector
        self.transcriber = transcriber
        self.rules = rules or Rules()
        self.gates = gates or Gates()
        self.language = language

    def listen(self, sound: Sound, vocabulary: Vocabulary | None = None) -> Transcript:
        probabilities = self.detector.open().feed(sound.samples)
        longest = min(self.rules.longest, self.transcriber.longest)
        found = regions(probabilities, replace(self.rules, longest=longest - 2 * self.rules.pad), len(sound.samples))
        clips = packed(found, longest=longest, gap=_JOIN_GAP)
        return self.understand(sound.samples, clips, vocabulary, duration=sound.duration)

    def understand(
        self, samples: Samples, clips: Sequence[Region], vocabulary: Vocabulary | None, *, duration: float
    ) -> Transcript:
        """The words of stretches that are known to be speech."""
        heard = self.transcriber.transcribe([samples[c.start : c.end] for c in clips], vocabulary) if clips else []
        parts = [
            Part(heard=one, start=clip.start / RATE, end=clip.end / RATE, voiced=clip.voiced * FRAME / RATE)
            for clip, one in zip(clips, heard, strict=True)
        ]
        return self.assemble(parts, vocabulary, duration=duration)

    def assemble(self, parts: Sequence[Part], vocabulary: Vocabulary | None, *, duration: float) -> Transcript:
        """Transcribed stretches, in order, through the gates and the vocabulary."""
        passed = [p for p in parts if self.gates.passes(p.heard, p.voiced)]
        rejected = [(p.start, p.end) for p in parts if not self.gates.passes(p.heard, p.voiced)]
        done: list[Segment] = []
        corrections: list[Correction] = []
        for part in passed:
            segment = _segment(part.heard, part.start, part.end)
            words, made = corrected(segment.words, vocabulary or Vocabulary(), later(part.heard.rivals, part.start))
            done.append(replace(segment, words=words, text=joined(words)))
            corrections += made
        return Transcript(
            text=" ".join(segment.text for segment in done),
            language=self.language,
            duration=duration,
            segments=tuple(done),
            words=tuple(word for segment in done for word in segment.words),
            corrections=tuple(corrections),
            rejected=tuple(rejected),
        )


def _segment(heard: Heard, start: float, end: float) -> Segment:
    words = tuple(
        Word(text=w.text, start=start + w.start, end=min(end, start + w.end), confidence=w.confidence)
        for w in heard.words
    )
    return Segment(start=start, end=end, text=heard.text, words=words, logprob=heard.logprob, no_speech=heard.no_speech)
