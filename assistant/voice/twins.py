"""The in-memory twins of detector and transcriber: honest and deterministic, without torch. For tests and for trying out.

`LevelDetector` takes for speech what is loud enough. `ScriptedTranscriber` says what it was told to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.voice.rivals import judged
from assistant.voice.values import FRAME, RATE, Heard, Hints, Samples, Word


class LevelDetector:
    """Probability 0 or 1: is a frame's root mean square above ``level``?"""

    identity = "level/1"

    def __init__(self, level: float = 0.02) -> None:
        self._level = level

    def open(self) -> LevelStream:
        return LevelStream(self._level)


class LevelStream:
    def __init__(self, level: float) -> None:
        self._level = level
        self._left = np.zeros(0, dtype=np.float32)

    def feed(self, samples: Samples) -> NDArray[np.float32]:
        waiting = np.concatenate((self._left, samples))
        count = len(waiting) // FRAME
        self._left = waiting[count * FRAME :]
        loud = np.sqrt(np.mean(waiting[: count * FRAME].reshape(count, FRAME) ** 2, axis=1))
        return np.asarray(loud > self._level, dtype=np.float32)


class ScriptedTranscriber:
    """Each clip gets the next of ``replies`` (after the last one, that one again), its words spread evenly over the clip.

    "fifteen/0.4" is said with confidence 0.4; other words with ``confidence``. ``likely``: log-likelihoods of texts beside the
    reply, whose own is 0; others are out of the question.
    """

    longest = 29.0

    def __init__(
        self, replies: Sequence[str], confidence: float = 0.95, likely: Mapping[str, float] | None = None
    ) -> None:
        self.identity = "scripted/1"
        self.prompts: list[str] = []
        self.seconds: list[float] = []
        self._replies = list(replies)
        self._confidence = confidence
        self._likely = likely or {}

    def transcribe(self, clips: Sequence[Samples], hints: Hints | None = None) -> list[Heard]:
        self.prompts.append(hints.prompt if hints else "")
        return [self._heard(clip, hints) for clip in clips]

    def _heard(self, clip: Samples, hints: Hints | None) -> Heard:
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        seconds = len(clip) / RATE
        self.seconds.append(seconds)
        parts = [part.partition("/") for part in reply.split()]
        step = seconds / max(1, len(parts))
        words = tuple(
            Word(text=text, start=n * step, end=(n + 1) * step, confidence=float(sure) if sure else self._confidence)
            for n, (text, _, sure) in enumerate(parts)
        )
        text = " ".join(word.text for word in words)
        least = min((word.confidence for word in words), default=1.0)
        return Heard(
            text=text,
            words=words,
            logprob=float(np.log(max(least, 1e-3))) / 3,
            no_speech=0.0,
            compression=1.0,
            rivals=judged(
                words, hints, lambda texts: [self._likely.get(one, 0.0 if one == text else -99.0) for one in texts]
            ),
        )
