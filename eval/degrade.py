"""What lines and rooms do to speech: telephone band and μ-law, noise, reverberation, lost packets. Seeded; length is kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assistant.voice import mulaw
from assistant.voice.values import RATE, Samples
from eval.nonspeech import coloured

Degrade = Callable[[Samples, int], Samples]


def telephone(samples: Samples, seed: int = 0) -> Samples:
    """300–3,400 Hz, 8 kHz, μ-law and back."""
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    edge = 1 / (1 + (300 / np.maximum(frequency, 1)) ** 8) / (1 + (frequency / 3400) ** 16)
    narrow = mulaw.to_narrowband(np.fft.irfft(spectrum * edge, len(samples)).astype(np.float32))
    back = mulaw.to_wideband(mulaw.decode(mulaw.encode(narrow)))
    return back[: len(samples)]


def noise(decibels: float) -> Degrade:
    """Pink noise at that ratio of powers, speech over noise."""

    def degrade(samples: Samples, seed: int = 0) -> Samples:
        added = coloured(1.0)(len(samples), np.random.default_rng(seed))
        power = float(np.mean(samples.astype(np.float64) ** 2)) or 1e-9
        scale = np.sqrt(power / np.mean(added**2) / 10 ** (decibels / 10))
        return np.asarray(np.clip(samples + scale * added, -1, 1), dtype=np.float32)

    return degrade


def room(samples: Samples, seed: int = 0, seconds: float = 0.5) -> Samples:
    """A room whose sound falls by 60 dB in ``seconds``: exponentially decaying noise after the direct sound."""
    random = np.random.default_rng(seed)
    size = int(RATE * seconds)
    echo = random.normal(size=size) * 10 ** (-3 * np.arange(size) / size) * 0.03
    echo[0] = 1.0
    length = len(samples) + size
    wet = np.fft.irfft(np.fft.rfft(samples, length) * np.fft.rfft(echo, length), length)[: len(samples)]
    peak = np.abs(wet).max()
    return np.asarray(wet / peak * np.abs(samples).max() if peak > 0 else wet, dtype=np.float32)


def packet_loss(share: float, seconds: float = 0.02) -> Degrade:
    """Packets of 20 ms are lost, now and then several at once; lost sound is silence."""

    def degrade(samples: Samples, seed: int = 0) -> Samples:
        random = np.random.default_rng(seed)
        out, size, lost = samples.copy(), int(RATE * seconds), False
        for start in range(0, len(samples), size):
            lost = random.random() < (0.5 if lost else share * 0.5 / max(1e-9, 1 - share))
            if lost:
                out[start : start + size] = 0
        return out

    return degrade


def chain(*steps: Degrade) -> Degrade:
    def degrade(samples: Samples, seed: int = 0) -> Samples:
        for step in steps:
            samples = step(samples, seed)
        return samples

    return degrade


CONDITIONS: dict[str, Degrade] = {
    "clean": chain(),
    "telephone": telephone,
    "noise-20": noise(20),
    "noise-10": noise(10),
    "noise-5": noise(5),
    "room": room,
    "loss": chain(telephone, packet_loss(0.03)),
    "telephone-noise-10": chain(noise(10), telephone),
}
