"""Two hundred clips without a word: silence, noise, hum, tones of the line, clicks, coughs, breath, music. All synthetic, all
from seeds: the same clips everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.voice.values import RATE, Samples

Random = np.random.Generator
Make = Callable[[int, Random], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Clip:
    name: str
    samples: Samples


def clips(count: int = 200, seed: int = 0) -> Iterator[Clip]:
    """Kinds in turn; each of 1 to 12 seconds, at levels from a whisper to a shout."""
    kinds = sorted(KINDS)
    for number in range(count):
        random = np.random.default_rng((seed, number))
        kind = kinds[number % len(kinds)]
        samples = KINDS[kind](int(RATE * random.uniform(1, 12)), random)
        peak = np.abs(samples).max()
        level = random.uniform(0.02, 0.9)
        scaled = samples / peak * level if peak > 0 else samples
        yield Clip(name=f"{kind}-{number:03}", samples=scaled.astype(np.float32))


def _time(count: int) -> NDArray[np.float64]:
    return np.arange(count) / RATE


def silence(count: int, random: Random) -> NDArray[np.float64]:
    return np.zeros(count)


def coloured(exponent: float) -> Make:
    """Noise whose power falls with frequency to the given exponent: 0 white, 1 pink, 2 brown."""

    def make(count: int, random: Random) -> NDArray[np.float64]:
        spectrum = np.fft.rfft(random.normal(size=count))
        frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20)
        return np.fft.irfft(spectrum / frequency ** (exponent / 2), count)

    return make


def hum(count: int, random: Random) -> NDArray[np.float64]:
    """Mains at 50 or 60 Hz with harmonics and a little hiss."""
    base = random.choice([50, 60])
    out = sum(random.uniform(0.1, 1) / n * np.sin(2 * np.pi * base * n * _time(count)) for n in range(1, 12))
    return np.asarray(out + 0.02 * random.normal(size=count))


def _tones(pairs: list[tuple[int, ...]], on: float, off: float) -> Make:
    def make(count: int, random: Random) -> NDArray[np.float64]:
        tones = pairs[random.integers(len(pairs))]
        out = sum(np.sin(2 * np.pi * tone * _time(count)) for tone in tones)
        cycle = np.mod(_time(count), on + off) < on
        return np.asarray(out * cycle + 0.01 * random.normal(size=count))

    return make


def keys(count: int, random: Random) -> NDArray[np.float64]:
    """Touch tones, a key every 0.25 s."""
    out, rows, columns = np.zeros(count), (697, 770, 852, 941), (1209, 1336, 1477)
    for start in range(0, count, RATE // 4):
        t = _time(min(RATE // 8, count - start))
        out[start : start + len(t)] = np.sin(2 * np.pi * random.choice(rows) * t) + np.sin(
            2 * np.pi * random.choice(columns) * t
        )
    return out


def clicks(count: int, random: Random) -> NDArray[np.float64]:
    """A bad contact: short bursts at random moments."""
    out = 0.01 * random.normal(size=count)
    for start in random.integers(0, max(1, count - 400), size=count // 4000):
        out[start : start + 200] += (
            random.normal(size=200)[: count - start] * np.exp(-np.arange(200) / 30)[: count - start]
        )
    return out


def coughs(count: int, random: Random) -> NDArray[np.float64]:
    """Bursts of noise in the band of the throat with a sharp beginning."""
    out = 0.003 * random.normal(size=count)
    for start in random.integers(0, max(1, count - RATE), size=max(1, count // (2 * RATE))):
        size = min(int(RATE * random.uniform(0.15, 0.4)), count - start)
        burst = coloured(1.0)(size, random)
        out[start : start + size] += burst / np.abs(burst).max() * np.exp(-np.arange(size) / (0.12 * RATE))
    return out


def breath(count: int, random: Random) -> NDArray[np.float64]:
    swell = np.sin(2 * np.pi * random.uniform(0.2, 0.5) * _time(count)) ** 2
    return np.asarray(coloured(1.0)(count, random) * swell)


def engine(count: int, random: Random) -> NDArray[np.float64]:
    """A fan or a train: low noise that beats."""
    beat = 1 + 0.5 * np.sin(2 * np.pi * random.uniform(3, 18) * _time(count))
    return np.asarray(coloured(2.0)(count, random) * beat)


def music(count: int, random: Random) -> NDArray[np.float64]:
    """Chords of four notes with harmonics and a decaying envelope, two a second."""
    out = np.zeros(count)
    for start in range(0, count, RATE // 2):
        t = _time(min(RATE, count - start))
        root = 110 * 2 ** (random.integers(0, 24) / 12)
        for step in (0, random.choice([3, 4]), 7, 12):
            for harmonic in (1, 2, 3, 4):
                tone = np.sin(2 * np.pi * root * 2 ** (step / 12) * harmonic * t)
                out[start : start + len(t)] += tone * np.exp(-3 * t) / harmonic**1.5
    return out


def melody(count: int, random: Random) -> NDArray[np.float64]:
    """One voice with vibrato, as a flute or somebody whistling."""
    frequency = np.repeat(300 * 2 ** (random.integers(0, 20, size=count // 4000 + 1) / 12), 4000)[:count]
    vibrato = 1 + 0.01 * np.sin(2 * np.pi * 5.5 * _time(count))
    phase = 2 * np.pi * np.cumsum(frequency * vibrato) / RATE
    return np.asarray(np.sin(phase) + 0.3 * np.sin(2 * phase) + 0.02 * random.normal(size=count))


def sweep(count: int, random: Random) -> NDArray[np.float64]:
    low, high = sorted(random.uniform(80, 3800, size=2))
    return np.asarray(np.sin(2 * np.pi * np.cumsum(np.linspace(low, high, count)) / RATE))


KINDS: dict[str, Make] = {
    "silence": silence,
    "white": coloured(0.0),
    "pink": coloured(1.0),
    "brown": coloured(2.0),
    "hum": hum,
    "dial": _tones([(350, 440), (425,), (400, 450)], 60.0, 0.0),
    "ringing": _tones([(400, 450), (440, 480), (425,)], 1.0, 2.0),
    "busy": _tones([(480, 620), (425,), (400,)], 0.5, 0.5),
    "keys": keys,
    "clicks": clicks,
    "coughs": coughs,
    "breath": breath,
    "engine": engine,
    "music": music,
    "melody": melody,
    "sweep": sweep,
}
