"""A transcript as SubRip (srt) and WebVTT: cues of at most seven seconds and eighty-four characters, cut between words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.voice.values import Transcript, Word

_SECONDS, _CHARACTERS = 7.0, 84


@dataclass(frozen=True, kw_only=True)
class Cue:
    start: float
    end: float
    text: str


def cues(transcript: Transcript) -> Iterator[Cue]:
    """In order, not overlapping; every word is in exactly one."""
    for segment in transcript.segments:
        held: list[Word] = []
        for word in segment.words:
            length = sum(len(one.text) + 1 for one in held) + len(word.text)
            if held and (word.end - held[0].start > _SECONDS or length > _CHARACTERS):
                yield _cue(held)
                held = []
            held.append(word)
        if held:
            yield _cue(held)


def srt(transcript: Transcript) -> str:
    return "".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{cue.text}\n\n"
        for number, cue in enumerate(cues(transcript), start=1)
    )


def vtt(transcript: Transcript) -> str:
    """Angle brackets and ampersands are escaped: WebVTT has tags."""
    shown = "".join(
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_escaped(cue.text)}\n\n" for cue in cues(transcript)
    )
    return f"WEBVTT\n\n{shown}"


def _cue(words: Sequence[Word]) -> Cue:
    return Cue(start=words[0].start, end=max(word.end for word in words), text=" ".join(word.text for word in words))


def _clock(seconds: float, point: str) -> str:
    whole = round(seconds * 1000)
    hours, rest = divmod(whole, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
