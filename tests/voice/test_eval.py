"""The judge is judged: planted errors are counted, degradations do what they say, clips are the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InputError
from assistant.voice.values import RATE
from assistant.voice.vocabulary import Vocabulary
from eval.degrade import CONDITIONS, noise, packet_loss, telephone
from eval.nonspeech import KINDS, clips
from eval.voice import Hearing, item_errors, word_errors
from eval.voice_cases import Utterance, figures, holds, read_spoken, rule_numbers, spoken

ROOT = Path(__file__).resolve().parents[2]
TERMS = Vocabulary(terms=("MLRO", "FC-7", "SpeakSafe"))


def tone(seconds: float = 2.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 700 * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize("name", CONDITIONS)
def test_degradations_keep_length_and_are_repeatable(name: str) -> None:
    once, again = CONDITIONS[name](tone(), 3), CONDITIONS[name](tone(), 3)
    assert len(once) == len(tone())
    assert np.array_equal(once, again)
    assert np.isfinite(once).all()
    assert np.abs(once).max() <= 1


@pytest.mark.parametrize("decibels", [20, 10, 5])
def test_noise_is_as_loud_as_it_says(decibels: float) -> None:
    added = noise(decibels)(tone(), 0) - tone()
    ratio = 10 * np.log10(np.mean(tone() ** 2) / np.mean(added**2))
    assert ratio == pytest.approx(decibels, abs=0.5)


def test_the_telephone_has_no_bass_and_packets_go_missing() -> None:
    low = (0.3 * np.sin(2 * np.pi * 60 * np.arange(RATE) / RATE)).astype(np.float32)
    assert np.abs(telephone(low)).max() < 0.05
    lost = packet_loss(0.1)(np.ones(60 * RATE, dtype=np.float32), 0)
    assert np.mean(lost == 0) == pytest.approx(0.1, abs=0.04)


def test_two_hundred_clips_of_every_kind_the_same_each_time() -> None:
    names = [clip.name for clip in clips(200)]
    assert len(names) == 200
    assert {name.rsplit("-", 1)[0] for name in names} == set(KINDS)
    first, again = next(clips(1)), next(clips(1))
    assert np.array_equal(first.samples, again.samples)


@pytest.mark.parametrize(
    ("text", "rules", "numbers"),
    [
        ("What does rule 8.1.1 say about £12,000?", ["8.1.1"], ["12000"]),
        ("Read section 4.2, 30 days.", ["4.2"], ["30"]),
        ("It is 2.5 per cent.", [], ["2.5"]),
        ("Which rule follows 7.4.2, is it 7.4.3?", ["7.4.2", "7.4.3"], []),
        ("Send form FC-7.", [], []),
    ],
)
def test_what_is_counted(text: str, rules: list[str], numbers: list[str]) -> None:
    assert (rule_numbers(text), figures(text)) == (rules, numbers)


@given(st.sampled_from(["FC-7", "F.C. 7", "f c 7", "FC7"]))
def test_a_term_is_held_however_it_is_written(written: str) -> None:
    assert holds(f"on form {written}, please", "FC-7")
    assert not holds("on form FC-8", "FC-7")


def utterance(text: str) -> Utterance:
    return Utterance(id="u", text=text, voice="v", samples=tone(1))


def hearing(text: str, asked: int = 0) -> Hearing:
    return Hearing(text=text, asked=asked, work=0.1, wall=0.2)


def test_planted_errors_are_found() -> None:
    pytest.importorskip("whisper", reason="make voice")
    said = [utterance(t) for t in ("rule 8.1.1 for £15", "ask the MLRO", "form FC-7 in 3 days", "call SpeakSafe")]
    found = [
        hearing("rule 8.1.1 for £50", 1),
        hearing("ask the melrow"),
        hearing("form F C 7 in three days"),
        hearing(""),
    ]
    counted = item_errors(said, found, TERMS)
    assert counted["figures"] == {"errors": 1, "of": 2}
    assert counted["rule_numbers"] == {"errors": 0, "of": 1}
    assert counted["terms"] == {"errors": 2, "of": 3}
    assert (counted["wrong"], counted["caught"], counted["asked"]) == (3, 2, 0.25)


def test_word_errors_are_those_of_jiwer() -> None:
    pytest.importorskip("whisper", reason="make voice")
    pytest.importorskip("jiwer", reason="make voice")
    counted = word_errors(["keep the red file", "yes please"], ["keep the bread file", ""])
    assert counted["wer"] == pytest.approx(3 / 6)
    assert counted["rejected"] == 0.5


def test_the_kept_utterances_are_read() -> None:
    cases = read_spoken([ROOT / "corpora" / "manual" / "spoken.jsonl"])
    assert len(cases) == 30
    assert sum(bool(rule_numbers(case.text)) for case in cases) >= 10
    with pytest.raises(InputError, match="no file of utterances"):
        read_spoken([ROOT / "README.md"])


def test_without_a_synthesiser_it_is_said() -> None:
    with pytest.raises(InputError, match="espeak-ng or flite"):
        next(spoken([], voices=[]))
