"""Rivals: terms that may have been said where the transcriber is unsure, and what the sound says of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.voice import sound
from assistant.voice.listen import Listener
from assistant.voice.readback import doubts
from assistant.voice.rivals import HARDLY, MOST, preferred, spoken_term, suggested
from assistant.voice.twins import LevelDetector, ScriptedTranscriber
from assistant.voice.values import RATE, Correction, Rival, Word
from assistant.voice.vocabulary import Vocabulary, corrected

TERMS = ("STOR", "SMF", "SAR", "EDD", "CDD", "FP1", "LearnHub", "Conflicts Officer", "General Counsel")
SPOKEN = [spoken_term(term) for term in TERMS]


def words(text: str) -> list[Word]:
    """Half a second each; "word/0.3" has its own confidence."""
    parts = [part.partition("/") for part in text.split()]
    return [
        Word(text=said, start=n / 2, end=n / 2 + 0.5, confidence=float(sure) if sure else 0.9)
        for n, (said, _, sure) in enumerate(parts)
    ]


def rivals_of(text: str) -> list[tuple[str, float, float]]:
    return [(r.text, r.start, r.end) for r in suggested(words(text), SPOKEN, below=0.6)]


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("If USDOR's/0.3 been sent", ("STOR", 0.5, 1.0)),
        ("an SMV/0.2 holder", ("SMF", 0.5, 1.0)),
        ("ask the conflict/0.4 officer today", ("Conflicts Officer", 1.0, 2.0)),
        ("does learn/0.5 how to hold", ("LearnHub", 0.5, 2.0)),
        ("download the SP-1/0.1 now", ("FP1", 1.0, 1.5)),
        ("download the QX-1 now", ("FP1", 1.0, 1.5)),  # surely heard, but there is no such form
        ("ask General Council now", ("General Counsel", 0.5, 1.5)),  # sounds the same
    ],
)
def test_what_sounds_somewhat_alike_is_suggested(heard: str, expected: tuple[str, float, float]) -> None:
    assert expected in rivals_of(heard)


@pytest.mark.parametrize(
    "heard",
    [
        "If Dossier's been sent",  # surely heard
        "ask the SMV holder",
        "What does CDD/0.1 mean?",  # a term already, and heard, if unsurely: it is read back, not exchanged
        "ask General/0.2 Counsel now",
        "What does CDD mean?",
        "download the SP-2/0.1 now",  # another figure
        "",
    ],
)
def test_what_is_sure_or_a_term_already_has_no_rivals(heard: str) -> None:
    assert rivals_of(heard) == []


def test_no_more_are_asked_about_than_a_caller_can_wait_for() -> None:
    terms = [spoken_term(f"S{a}F") for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    assert len(suggested(words("an SMV/0.2 or SMW/0.2 or SNF/0.2 or SMS/0.2 holder"), terms, below=0.6)) == MOST


def put_right(text: str, gains: dict[str, float]) -> tuple[str, list[tuple[str, str]]]:
    heard = words(text)
    judged = [
        Rival(start=r.start, end=r.end, text=r.text, gain=gains.get(r.text, -99.0))
        for r in suggested(heard, SPOKEN, below=0.6)
    ]
    out, made = corrected(heard, Vocabulary(terms=TERMS), judged)
    return " ".join(word.text for word in out), [(c.heard, c.written) for c in made]


def test_the_sound_decides() -> None:
    assert put_right("is an SAF/0.2 due?", {"SAR": -3.0, "SMF": -1.0}) == ("is an SMF due?", [("SAF", "SMF")])
    assert put_right("is an SAF/0.2 due?", {"SAR": -1.0, "SMF": -3.0}) == ("is an SAR due?", [("SAF", "SAR")])
    assert put_right("the wall/0.3 is", {}) == ("the wall is", [])


def test_a_term_that_was_hardly_heard_gives_way_to_one_that_the_sound_is_for() -> None:
    """The transcriber had been told of it: without the prompt the sound says otherwise."""
    assert put_right("is a CDD/0.01 due?", {"EDD": 2.5}) == ("is a EDD due?", [("CDD", "EDD")])
    assert put_right("is a CDD/0.01 due?", {"EDD": 1.5}) == ("is a CDD due?", [])
    assert put_right("is a CDD/0.2 due?", {"EDD": 9.0}) == ("is a CDD due?", [])


def test_each_stretch_is_exchanged_once() -> None:
    assert put_right("is a CDD/0.01 due?", {"EDD": 3.0, "SAR": 2.5, "CDD": 2.5}) == ("is a EDD due?", [("CDD", "EDD")])


def test_a_rival_is_shown_and_read_back() -> None:
    said = "is an SMF due?"
    transcriber = ScriptedTranscriber(["is an SMV/0.2 due?"], likely={said: -1.0})
    samples = np.sin(np.arange(2 * RATE) / 20).astype(np.float32)
    vocabulary = Vocabulary(terms=TERMS)
    transcript = Listener(LevelDetector(), transcriber).listen(sound.of(samples), vocabulary)
    assert transcript.text == said
    assert [(c.heard, c.written, c.kind) for c in transcript.corrections] == [("SMV", "SMF", "vocabulary")]
    assert "SMF" in [doubt.text for doubt in doubts(transcript, vocabulary, threshold=0.1)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["an", "SMV", "CDD", "learn", "how", "officer,", "SAF"]), st.floats(0, 1)), max_size=9
    ),
    st.lists(st.floats(-20, 20), min_size=MOST, max_size=MOST),
)
def test_only_unsure_words_are_exchanged_and_each_exchange_is_shown(
    parts: list[tuple[str, float]], gains: list[float]
) -> None:
    heard = [Word(text=text, start=float(n), end=n + 0.5, confidence=sure) for n, (text, sure) in enumerate(parts)]
    rivals = [
        Rival(start=r.start, end=r.end, text=r.text, gain=gain)
        for r, gain in zip(suggested(heard, SPOKEN, below=0.6), gains, strict=False)
    ]
    made: list[Correction] = []
    out = preferred(heard, rivals, SPOKEN, made)
    kept = [word for word in out if word in heard]
    assert len(out) - len(kept) == len(made)
    terms = [word for word in heard if word.text == "CDD" and word.confidence >= HARDLY]
    assert all(word in kept for word in terms)
    assert {c.written for c in made} <= {r.text for r in rivals if r.gain >= -9}
    assert all(word.confidence < 0.6 for word in out if word not in kept)
