"""Utterances with known words: recordings with transcripts, and a collection's own questions for synthesisers to speak.

A case's ``text`` is how it is written; what is counted apart are its figures, rule numbers and terms. Speech is made once and
kept as samples in memory; the same text, voice and seed give the same sound as long as the program's version stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import InputError
from assistant.voice import sound
from assistant.voice.say import Program, espeak, festival, flite, installed
from assistant.voice.values import Samples
from assistant.voice.vocabulary import Vocabulary

VOICES = (
    espeak("en-gb"),
    espeak("en-us+f3", 145),
    flite("slt"),
    flite("rms"),
    festival("kal_diphone"),
    festival("ked_diphone"),
)
_RULE = re.compile(r"\b\d+(?:\.\d+)+\b")
_FIGURE = re.compile(r"(?<![\w.])(?<![A-Za-z]-)\d[\d,]*(?:\.\d+)?(?![\w.]*\.\d)")


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """``voice``: the synthesiser, or "recording"."""

    id: str
    text: str
    voice: str
    samples: Samples


@dataclass(frozen=True, kw_only=True)
class Spoken:
    id: str
    text: str


def recordings(folder: Path) -> list[Utterance]:
    """Sound files with their words: ``NAME.txt`` beside ``NAME.flac``, and ``business.txt`` (name, tab, words)."""
    out = []
    listed = folder / "business.txt"
    pairs = (
        [line.split("\t", 1) for line in listed.read_text(encoding="utf-8").splitlines()] if listed.is_file() else []
    )
    for file in sorted(folder.glob("*.txt")):
        found = [folder / f"{file.stem}{suffix}" for suffix in (".flac", ".wav", ".mp3", ".ogg")]
        pairs += [[one.name, file.read_text(encoding="utf-8")] for one in found if one.is_file()]
    for name, words in pairs:
        samples = sound.read(folder / name, longest=3600).samples
        out.append(Utterance(id=name, text=" ".join(words.split()), voice="recording", samples=samples))
    if not out:
        raise InputError(f"{folder} holds no recordings with transcripts (NAME.flac with NAME.txt).")
    return out


def read_spoken(files: Sequence[Path]) -> list[Spoken]:
    """``id`` and ``text`` (or ``question``) of each line of JSON Lines files; the same text once."""
    found: dict[str, Spoken] = {}
    for file in files:
        try:
            rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
            for row in rows:
                text = row.get("text") or row["question"]
                found.setdefault(text, Spoken(id=row["id"], text=text))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{file} is no file of utterances (JSON Lines with id and text): {error}.") from error
    return list(found.values())


def spoken(cases: Iterable[Spoken], voices: Sequence[Program] | None = None) -> Iterator[Utterance]:
    """Each case by each voice that is installed; `InputError` where none is."""
    present = installed(list(VOICES if voices is None else voices))
    if not present:
        raise InputError(
            "No synthesiser is installed; install espeak-ng or flite (Debian packages), or give --recordings."
        )
    for case in cases:
        for voice in present:
            yield Utterance(
                id=f"{case.id}/{voice.name}", text=case.text, voice=voice.name, samples=voice.speak(case.text)
            )


def rule_numbers(text: str) -> list[str]:
    """As written: 8.1.1 anywhere, 4.2 after a word such as "section"."""
    out = []
    for match in _RULE.finditer(text):
        named = re.search(
            r"(?:rule|section|paragraph|article|clause|part|annex|schedule)s? $", text[: match.start()].lower()
        )
        if match[0].count(".") > 1 or named:
            out.append(match[0])
    return out


def figures(text: str) -> list[str]:
    """Numbers in digits, without separators of thousands; rule numbers are not among them."""
    rules = set(rule_numbers(text))
    return [one for one in (m[0].replace(",", "").rstrip(".") for m in _FIGURE.finditer(text)) if one not in rules]


def terms_in(text: str, vocabulary: Vocabulary) -> list[str]:
    """Codes and names of the vocabulary that the text uses as they are written."""
    return [t for t in vocabulary.terms if t != t.lower() and re.search(rf"(?<!\w){re.escape(t)}(?!\w)", text)]


def holds(text: str, term: str) -> bool:
    """Whether the text has the term, whatever the hyphens, dots, blanks and capitals: "F.C. 7" holds FC-7."""
    return _squeezed(term) in _squeezed(text)


def _squeezed(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
