"""Figures that were heard as words: suggested where the wording speaks for them, taken only where the whole does."""

from __future__ import annotations

import pytest

from assistant.voice.figures import is_figure, misheard, years
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
    assert [rival.text for rival in misheard(words(heard))] == expected
    assert all(is_figure(text) for text in expected)


def test_a_figure_is_asked_about_only_where_the_wording_speaks_for_it() -> None:
    def asked(text: str) -> list[str]:
        return [rival.text for rival in KNOWN.rivals(words(text))]

    assert "2023" in asked("the 2020 free schedule say")
    assert asked("sends free reminders") == ["3"]
    assert asked("a loan for a customer") == []
    assert better_worded(words("sends free reminders"), misheard(words("sends free reminders")), lambda text: 0.0) == []


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("the 2020-23 schedule", ["2023"]),
        ("the 20-23, schedule", ["2023"]),
        ("the 2020 23 schedule", ["2023"]),
        ("20 24.", ["2024"]),
        ("between 2020-23 or from 20 23 on", []),
        ("2019-23 and 20-2 and 2020, 23", []),
    ],
)
def test_a_year_may_be_written_as_two_figures(heard: str, expected: list[str]) -> None:
    assert [rival.text for rival in years(words(heard))] == expected


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("before July 20, 26, how soon", "before July 2026, how soon"),
        ("in May 20 25?", "in May 2025?"),
        ("on July 20, 6 people", None),
        ("July 21, 26", None),
        ("the 20, 26", None),
        ("20 26", None),
    ],
)
def test_a_year_after_a_month_is_one_and_read_back(heard: str, text: str | None) -> None:
    out, made = corrected(words(heard), Vocabulary())
    assert " ".join(word.text for word in out) == (text or heard)
    assert [correction.kind for correction in made] == ["number"] * bool(text)


@pytest.mark.parametrize(("gain", "text"), [(-2.9, "the 2023 schedule"), (-3.1, "the 2020 free schedule")])
def test_in_the_place_of_figures_the_whole_may_be_a_little_less_likely_and_it_is_shown(gain: float, text: str) -> None:
    heard = words("the 2020 free schedule")
    rival = Rival(start=heard[1].start, end=heard[2].end, text="2023", gain=gain)
    out, made = corrected(heard, KNOWN, [rival])
    assert " ".join(word.text for word in out) == text
    assert [(c.heard, c.written, c.kind) for c in made] == ([("2020 free", "2023", "number")] if gain > -3 else [])


@pytest.mark.parametrize(("gain", "text"), [(0.1, "sends 3 reminders"), (-0.1, "sends free reminders")])
def test_in_the_place_of_a_word_the_whole_must_be_likelier(gain: float, text: str) -> None:
    heard = words("sends free reminders")
    out, _ = corrected(heard, KNOWN, [Rival(start=heard[1].start, end=heard[1].end, text="3", gain=gain)])
    assert " ".join(word.text for word in out) == text
