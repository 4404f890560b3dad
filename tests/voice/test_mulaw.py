"""μ-law: all 256 codes come back, the error is small against the level, half a sample rate survives the way there and back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.voice import mulaw
from assistant.voice.values import RATE


def test_every_code_comes_back() -> None:
    codes = bytes(range(256))
    again = mulaw.encode(mulaw.decode(codes))
    assert np.array_equal(mulaw.decode(again), mulaw.decode(codes))
    assert [a for a, b in zip(codes, again, strict=True) if a != b] == [127]  # minus zero is zero


def test_known_values_of_g711() -> None:
    """Loudest, quietest, and zero, as in the recommendation's table (16-bit scale)."""
    levels = (mulaw.decode(bytes([0x00, 0x80, 0xFF, 0x7F])) * 32768).tolist()
    assert levels == [-32124, 32124, 0, 0]


@given(st.lists(st.floats(-1, 1), max_size=200))
def test_the_error_is_a_share_of_the_level(values: list[float]) -> None:
    samples = np.array(values, dtype=np.float32)
    error = np.abs(mulaw.decode(mulaw.encode(samples)) - np.clip(samples, -0.98, 0.98))
    assert (error <= 0.04 * np.abs(samples) + 0.001).all()


@given(st.binary(max_size=500))
def test_any_bytes_are_sound(data: bytes) -> None:
    wide = mulaw.to_wideband(mulaw.decode(data))
    assert len(wide) == 2 * len(data)
    assert np.isfinite(wide).all()
    assert len(mulaw.to_narrowband(wide)) == len(data)


def test_a_tone_survives_and_a_high_one_is_removed() -> None:
    time = np.arange(RATE) / RATE
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (1000, 6000))
    back = mulaw.to_wideband(mulaw.to_narrowband(low))
    assert np.abs(back - low)[200:-200].max() < 0.05
    assert np.abs(mulaw.to_narrowband(high))[200:-200].max() < 0.02
