"""Figures that were heard as words: suggested where the wording speaks for them, taken only where the whole does."""

from __future__ import annotations

import pytest

from assistant.voice.figures import is_figure, unheard
from assistant.voice.language_model import LanguageModel
from assistant.voice.rivals import better_worded
from assistant.voice.values import Rival, Word
from assistant.voice.vocabulary import Vocabulary, corrected

KNOWN = Vocabulary(
    language=LanguageModel(
        [
            "what did the 2023 schedule say about personnel files",
            "the customer sends 3 reminders",
            "a loan for a customer runs 25 years",
        ]
    )
)


def words(text: str) -> list[Word]:
    return [Word(text=said, start=n / 2, end=n / 2 + 0.5, confidence=0.7) for n, said in enumerate(text.split())]


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("the 2020 free schedule", ["3", "2023"]),
        ("aged 60 heaven.", ["7", "67"]),
        ("the 2020 3 schedule", ["2023"]),
        ("£40 five", ["£45"]),
        ("send free reminders", ["3"]),
        ("in 2023 free schedules", ["3"]),  # no ten that anything could follow
        ("the schedule of 2020", []),
        ("", []),
    ],
)
def test_what_words_may_have_been(heard: str, expected: list[str]) -> None:
    assert [rival.text for rival in unheard(words(heard))] == expected
    assert all(is_figure(text) for text in expected)


def test_a_figure_is_asked_about_only_where_the_wording_speaks_for_it() -> None:
    def asked(text: str) -> list[str]:
        return [rival.text for rival in KNOWN.rivals(words(text))]

    assert "2023" in asked("the 2020 free schedule say")
    assert asked("sends free reminders") == ["3"]
    assert asked("a loan for a customer") == []
    assert better_worded(words("sends free reminders"), unheard(words("sends free reminders")), lambda text: 0.0) == []


@pytest.mark.parametrize(("gain", "text"), [(0.1, "the 2023 schedule"), (-0.1, "the 2020 free schedule")])
def test_it_is_taken_only_where_the_whole_is_likelier_and_shown(gain: float, text: str) -> None:
    heard = words("the 2020 free schedule")
    rival = Rival(start=heard[1].start, end=heard[2].end, text="2023", gain=gain)
    out, made = corrected(heard, KNOWN, [rival])
    assert " ".join(word.text for word in out) == text
    assert [(c.heard, c.written, c.kind) for c in made] == ([("2020 free", "2023", "number")] if gain > 0 else [])
