"""Recordings of any common format and rate to samples, without a system ffmpeg (PyAV brings its libraries).

Only formats that hold sound are opened, and nothing but the bytes given is read: a playlist that names other files or
addresses is refused.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.errors import InputError, Unavailable
from assistant.voice import mulaw
from assistant.voice.values import RATE, Samples

FORMATS = (
    "wav,flac,ogg,mp3,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,aiff,au,amr,caf,w64,asf,ac3,adts,mpegts,mpeg,gsm,wv"
)
RAW_MULAW = frozenset({".ul", ".ulaw", ".mulaw"})


@dataclass(frozen=True, kw_only=True)
class Sound:
    """``clipped``: share of samples at the limit, a sign of a bad line."""

    samples: Samples
    clipped: float

    @property
    def duration(self) -> float:
        return len(self.samples) / RATE


def read(path: Path, *, longest: float) -> Sound:
    """The recording in a file; raises `InputError` with one sentence."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror}); give the path of a recording.") from error
    if path.suffix.lower() in RAW_MULAW:
        return of(mulaw.to_wideband(mulaw.decode(data)))
    return decode(data, name=path.name, longest=longest)


def decode(data: bytes, *, name: str, longest: float) -> Sound:
    """The first sound track, mixed to one channel at 16 kHz. ``longest`` in seconds; longer recordings are refused.

    Raises `InputError` where the bytes hold no sound that can be read, `Unavailable` without PyAV.
    """
    try:
        import av
    except ImportError as error:
        raise Unavailable("Reading recordings needs PyAV; install muniment[voice].") from error
    if not data:
        raise InputError(f"{name} is empty; give a recording.")
    parts: list[Samples] = []
    count = 0
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "pipe"}
    try:
        with av.open(io.BytesIO(data), mode="r", options=options, container_options=options) as container:
            if not container.streams.audio:
                raise InputError(f"{name} holds no sound; give a recording.")
            resampler = av.AudioResampler(format="fltp", rate=RATE)
            for frame in (*container.decode(audio=0), None):
                for piece in resampler.resample(frame):
                    parts.append(piece.to_ndarray().mean(axis=0, dtype=np.float32))
                    count += len(parts[-1])
                if count > longest * RATE:
                    raise InputError(f"{name} is longer than {longest / 60:.0f} minutes; cut it into parts.")
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise InputError(f"{name} is no recording that can be read; give WAV, FLAC, MP3, Ogg, M4A or WebM.") from error
    if not count:
        raise InputError(f"{name} holds no sound; give a recording.")
    return of(np.concatenate(parts))


def of(samples: Samples) -> Sound:
    """Samples made safe: finite and within −1…1."""
    finite = np.nan_to_num(samples.astype(np.float32, copy=False), nan=0.0, posinf=1.0, neginf=-1.0)
    clipped = float(np.mean(np.abs(finite) >= 0.999)) if len(finite) else 0.0
    return Sound(samples=np.clip(finite, -1.0, 1.0), clipped=clipped)
