"""A recording becomes a transcript: words where there is sound, none where there is not, times inside the recording."""

from __future__ import annotations

import contextlib
import io
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import InputError
from assistant.voice import mulaw, sound
from assistant.voice.listen import Gates, Listener
from assistant.voice.twins import LevelDetector, ScriptedTranscriber
from assistant.voice.values import RATE, Heard, Samples, Word
from assistant.voice.vocabulary import Vocabulary

av = pytest.importorskip("av", reason="install the extra `voice`")


def tone(seconds: float, level: float = 0.3) -> Samples:
    return (level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def quiet(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), dtype=np.float32)


def listener(*replies: str) -> Listener:
    return Listener(LevelDetector(), ScriptedTranscriber(replies))


def wav(samples: Samples, rate: int = RATE, channels: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(np.repeat((samples * 32767).astype("<i2"), channels).tobytes())
    return out.getvalue()


def encoded(samples: Samples, container: str, codec: str, rate: int) -> bytes:
    out = io.BytesIO()
    with av.open(out, mode="w", format=container) as opened:
        stream = opened.add_stream(codec, rate=rate)
        stream.layout = "mono"
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=rate)
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = RATE
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            piece.pts = None
            for packet in stream.encode(piece):
                opened.mux(packet)
        for packet in stream.encode(None):
            opened.mux(packet)
    return out.getvalue()


def test_silence_is_an_empty_text() -> None:
    transcript = listener("never said").listen(sound.of(quiet(3)))
    assert (transcript.text, transcript.segments, transcript.rejected) == ("", (), ())
    assert transcript.duration == pytest.approx(3)


@given(
    parts=st.lists(st.tuples(st.floats(0.8, 2.0), st.floats(1.5, 4.0)), min_size=1, max_size=4),
    text=st.sampled_from(["one two three", "rule eight point one point one", "yes"]),
)
@settings(max_examples=30)
def test_times_lie_within_and_words_are_those_of_the_segments(parts: list[tuple[float, float]], text: str) -> None:
    samples = np.concatenate([np.concatenate((quiet(gap), tone(length))) for gap, length in parts])
    transcript = listener(text).listen(sound.of(samples))
    assert transcript.segments
    assert all(0 <= w.start <= w.end <= transcript.duration + 1e-6 for w in transcript.words)
    assert [w.start for w in transcript.words] == sorted(w.start for w in transcript.words)
    assert transcript.words == tuple(w for s in transcript.segments for w in s.words)
    assert transcript.text == " ".join(s.text for s in transcript.segments)
    if "point" in text:
        assert {c.written for c in transcript.corrections} == {"8.1.1"}


def test_the_vocabulary_is_told_beforehand() -> None:
    transcriber = ScriptedTranscriber(["ask the MLRO"])
    Listener(LevelDetector(), transcriber).listen(sound.of(tone(1)), Vocabulary(terms=("MLRO",)))
    assert transcriber.prompts == ["What does the rule say? Ask the MLRO."]


def heard(
    text: str, confidence: float = 0.9, logprob: float = -0.2, no_speech: float = 0.0, compression: float = 1.0
) -> Heard:
    words = tuple(Word(text=w, start=0, end=1, confidence=confidence) for w in text.split())
    return Heard(text=text, words=words, logprob=logprob, no_speech=no_speech, compression=compression)


@pytest.mark.parametrize(
    ("one", "voiced", "passes"),
    [
        (heard("a clear question"), 1.0, True),
        (heard(""), 1.0, False),
        (heard("you", no_speech=0.9, logprob=-0.9), 0.3, False),
        (heard("you", no_speech=0.9, logprob=-0.2), 0.3, True),
        (heard("thank you", logprob=-1.3), 0.3, False),
        (heard("a doubtful but certainly spoken question", logprob=-1.3), 2.5, True),
        (heard("so so so so", compression=3.0), 2.0, False),
        (heard("far too many words for a third of a second"), 0.3, False),
        (heard("mm hm", confidence=0.1), 0.3, False),
    ],
)
def test_what_passes_the_gates(one: Heard, voiced: float, passes: bool) -> None:
    assert Gates().passes(one, voiced) is passes


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_any_rate_and_channels(rate: int) -> None:
    samples = (0.3 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.float32)
    read = sound.decode(wav(samples, rate, channels=2), name="x.wav", longest=60)
    assert read.duration == pytest.approx(1, abs=0.01)
    assert np.abs(read.samples[2000:14000]).max() == pytest.approx(0.3, abs=0.03)
    assert np.argmax(np.abs(np.fft.rfft(read.samples))) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("wav", "pcm_mulaw", 8000),
        ("flac", "flac", 16000),
        ("mp3", "libmp3lame", 44100),
        ("ogg", "libopus", 48000),
        ("webm", "libopus", 48000),
        ("mp4", "aac", 44100),
    ],
)
def test_common_formats(container: str, codec: str, rate: int) -> None:
    data = encoded(tone(1.5), container, codec, rate)
    read = sound.decode(data, name=f"x.{container}", longest=60)
    assert read.duration == pytest.approx(1.5, abs=0.15)
    assert np.abs(np.fft.rfft(read.samples)).argmax() / read.duration == pytest.approx(440, abs=5)


def test_raw_mulaw_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "call.ulaw").write_bytes(mulaw.encode(mulaw.to_narrowband(tone(1))))
    assert sound.read(tmp_path / "call.ulaw", longest=60).duration == pytest.approx(1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"\x00" * 4000,
        b"not a sound at all " * 200,
        wav(quiet(0.0)),
        wav(tone(1))[:44],
        b"OggS" + b"\xff" * 900,
    ],
)
def test_garbage_is_one_sentence(data: bytes) -> None:
    with pytest.raises(InputError, match=r"x\.wav .*\.$"):
        sound.decode(data, name="x.wav", longest=60)


@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_are_sound_or_one_sentence(data: bytes) -> None:
    with contextlib.suppress(InputError):
        assert np.isfinite(sound.decode(data, name="x", longest=60).samples).all()


def test_a_playlist_reads_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav(tone(1)))
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {secret}\n",
    ):
        with pytest.raises(InputError):
            sound.decode(text.encode(), name="list.m3u8", longest=60)


def test_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="longer than 1 minutes"):
        sound.decode(wav(tone(61), 16000), name="x", longest=60)
