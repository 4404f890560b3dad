"""μ-law of the telephone (ITU-T G.711): 8 bits a sample, 8,000 samples a second; and the way to and from 16 kHz.

Python's own ``audioop`` left the standard library with 3.13. Encoding and decoding are exact inverses on all 256 codes
(the two zeros become one).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assistant.voice.values import Samples

TELEPHONE_RATE = 8000
_BIAS, _CLIP = 0x84, 32635


def _table() -> NDArray[np.int16]:
    codes = ~np.arange(256, dtype=np.uint8)
    sign, exponent, mantissa = codes & 0x80, (codes >> 4) & 7, codes & 0x0F
    size = ((mantissa.astype(np.int32) << 3) + _BIAS << exponent.astype(np.int32)) - _BIAS
    return np.where(sign > 0, -size, size).astype(np.int16)


_DECODED = _table()


def decode(data: bytes) -> Samples:
    """Bytes of the line to samples at 8 kHz, −1…1."""
    return (_DECODED[np.frombuffer(data, dtype=np.uint8)] / np.float32(32768)).astype(np.float32)


def encode(samples: Samples) -> bytes:
    """Samples at 8 kHz to bytes of the line; what exceeds −1…1 is clipped."""
    linear = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int32)
    size = np.minimum(np.abs(linear), _CLIP) + _BIAS
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    codes = np.where(linear < 0, 0x80, 0) | (exponent << 4) | mantissa
    return bytes(~codes.astype(np.uint8))


def to_wideband(samples: Samples) -> Samples:
    """8 kHz to 16 kHz: a sample between each two, by a short windowed sinc. Length doubles."""
    out = np.zeros(2 * len(samples), dtype=np.float32)
    if len(samples):
        out[::2] = samples
        between = np.convolve(samples, _HALF, mode="full")[len(_HALF) // 2 : len(_HALF) // 2 + len(samples)]
        out[1::2] = between
    return out


class Upsampler:
    """`to_wideband` for sound that comes in pieces: the same samples as at once, 2 ms late."""

    def __init__(self) -> None:
        self._held = np.zeros(_REACH, dtype=np.float32)

    def feed(self, samples: Samples) -> Samples:
        """Twice as many samples as are given, delayed by `_REACH` samples of the line."""
        joined = np.concatenate((self._held, samples))
        self._held = joined[-2 * _REACH :]
        wide = to_wideband(joined)
        first = 2 * max(0, len(joined) - len(samples) - _REACH)
        return wide[first : first + 2 * len(samples)]


def to_narrowband(samples: Samples) -> Samples:
    """16 kHz to 8 kHz: low-passed at 3.6 kHz by a windowed sinc of 63 taps, then every second sample."""
    if not len(samples):
        return samples
    middle = len(_LOW) // 2
    return np.convolve(samples, _LOW, mode="full")[middle : middle + len(samples) : 2].astype(np.float32)


_REACH = 16


def _half_band(reach: int = _REACH) -> NDArray[np.float32]:
    """Weights for the point halfway between samples 0 and 1: ``2 * reach`` taps, Hamming."""
    place = np.arange(-reach, reach) + 0.5
    taps = np.sinc(place) * np.hamming(2 * reach)
    return np.asarray(taps / taps.sum(), dtype=np.float32)


def _low_pass(taps: int = 63, cutoff: float = 3600 / 16000) -> NDArray[np.float32]:
    place = np.arange(taps) - taps // 2
    weights = 2 * cutoff * np.sinc(2 * cutoff * place) * np.hamming(taps)
    return np.asarray(weights / weights.sum(), dtype=np.float32)


_HALF = _half_band()
_LOW = _low_pass()
