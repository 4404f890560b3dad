"""Answers for the ear: sentences with spoken source names, and the synthesisers that may speak them.

Text is always there; sound is added where a synthesiser is installed. A marker ``[1]`` is no way to say where something stands:
the source's name is said once before the first sentence that rests on it.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from assistant.errors import Unavailable
from assistant.types import Sentence
from assistant.voice.sound import decode
from assistant.voice.values import RATE, Samples

_SECTION = re.compile(r"^(\d+(?:\.\d+)*[a-z]?)\b")
_CODE = re.compile(r"\b([A-Z]{2,6})-?(\d{1,3})?\b(?!\w)")
_SECONDS = 30


class Synthesiser(Protocol):
    """Text to sound."""

    @property
    def name(self) -> str: ...

    def speak(self, text: str) -> Samples:
        """At 16 kHz; empty where there is nothing to say. Raises `Unavailable` where the program fails."""
        ...


def spoken_source(sentence: Sentence) -> str:
    """ "According to the Gifts Policy, section 4.2"; "" for a sentence without citations."""
    if not sentence.citations:
        return ""
    first = sentence.citations[0]
    last = first.where.split("›")[-1].strip()
    number = _SECTION.match(last)
    place = f", section {number[1]}" if number else ""
    title = first.title if first.title.lower().startswith("the ") else f"the {first.title}"
    return f"According to {title}{place}"


def spoken_sentence(sentence: Sentence, said: set[str]) -> str:
    """The sentence as it is said; its source first, unless ``said`` has it already (which is updated)."""
    source = spoken_source(sentence)
    text = re.sub(r"\s*\[\d+\]", "", sentence.text).strip()
    if source and source not in said:
        said.add(source)
        return f"{source}: {text}"
    return text


def for_the_ear(text: str) -> str:
    """What synthesisers mispronounce, written out: rule numbers, codes, pounds, markers left out."""
    text = re.sub(r"\s*\[\d+\]", "", text)
    text = re.sub(
        r"[£€$]\s?(\d[\d,.]*\d|\d)(\s(?:thousand|million|billion))?",
        lambda m: f"{m[1]}{m[2] or ''} {_money(m[0])}",
        text,
    )
    text = re.sub(r"\b\d+(?:\.\d+){2,}\b", lambda m: m[0].replace(".", " point "), text)
    text = _CODE.sub(lambda m: f"{' '.join(m[1])} {m[2] or ''}".strip(), text)
    return " ".join(text.replace("›", ",").replace("–", " to ").split())


def _money(sign: str) -> str:
    return {"£": "pounds", "€": "euros", "$": "dollars"}[sign[0]]


@dataclass(frozen=True, kw_only=True)
class Program:
    """A synthesiser that is a program: it reads text from its arguments or standard input and writes a WAV file to standard
    output. ``command`` holds ``{text}`` where the text is an argument; never a shell."""

    name: str
    command: tuple[str, ...]

    def speak(self, text: str) -> Samples:
        said = for_the_ear(text)
        if not any(c.isalnum() for c in said):
            return np.zeros(0, dtype=np.float32)
        command = [part.replace("{text}", said) for part in self.command]
        given = None if "{text}" in " ".join(self.command) else said.encode()
        try:
            done = subprocess.run(command, input=given, capture_output=True, timeout=_SECONDS, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(
                f"{self.name} can't speak ({type(error).__name__}); the text is shown instead."
            ) from error
        return decode(_whole(done.stdout), name=self.name, longest=600).samples


def _whole(data: bytes) -> bytes:
    """A WAV file from a pipe says no length; its header is written anew."""
    at = data.find(b"data")
    if data[:4] != b"RIFF" or at < 0:
        return data
    channels, rate = int.from_bytes(data[22:24], "little"), int.from_bytes(data[24:28], "little")
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(data[at + 8 :])
    return out.getvalue()


def espeak(voice: str = "en-gb", speed: int = 155) -> Program:
    return Program(
        name=f"espeak-ng/{voice}", command=("espeak-ng", "-v", voice, "-s", str(speed), "--stdout", "--stdin")
    )


def flite(voice: str = "slt") -> Program:
    return Program(name=f"flite/{voice}", command=("flite", "-voice", voice, "-t", "{text}", "-o", "/dev/stdout"))


def festival(voice: str = "kal_diphone") -> Program:
    return Program(name=f"festival/{voice}", command=("text2wave", "-eval", f"(voice_{voice})"))


def piper(model: str) -> Program:
    return Program(name="piper", command=("piper", "--model", model, "--output_file", "-"))


def installed(programs: Sequence[Program]) -> list[Program]:
    """Those whose program is on the path."""
    return [one for one in programs if shutil.which(one.command[0])]


def synthesiser(choice: str) -> Synthesiser | None:
    """``auto``: espeak-ng, else flite, else None (text only); "none"; or a program by name, `Unavailable` where it is missing."""
    known = {"espeak-ng": espeak(), "flite": flite()}
    if choice == "none":
        return None
    if choice == "auto":
        found = installed(list(known.values()))
        return found[0] if found else None
    program = piper(choice.removeprefix("piper:")) if choice.startswith("piper:") else known.get(choice)
    if program is None or not installed([program]):
        raise Unavailable(
            f"The synthesiser {choice} is not installed; install it, or set voice.synthesiser to auto or none."
        )
    return program


def length(samples: Samples) -> float:
    """Seconds."""
    return len(samples) / RATE
