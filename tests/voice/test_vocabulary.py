"""Corrections: shown each time, made only where the model is unsure or where codes are spelled; read-back of what matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Document
from assistant.voice.readback import doubts, question_for
from assistant.voice.sounds_like import distance, sound_key
from assistant.voice.terms import vocabulary_of
from assistant.voice.values import Correction, Transcript, Word
from assistant.voice.vocabulary import Vocabulary, corrected

TERMS = Vocabulary(
    terms=(
        "MLRO",
        "FC-7",
        "FC-12",
        "SpeakSafe",
        "Lantern",
        "Beacon",
        "clawback",
        "Ombudsman",
        "Leeds",
        "Control Room",
        "SAR",
    ),
    known=frozenset("the form is read in a how long must i store it beacon lantern control room speaksafe".split()),
)


def words(text: str, confidence: float = 0.9) -> list[Word]:
    """Each word lasts half a second; "word/0.3" has its own confidence."""
    out = []
    for place, part in enumerate(text.split()):
        plain, _, sure = part.partition("/")
        out.append(
            Word(text=plain, start=place / 2, end=place / 2 + 0.5, confidence=float(sure) if sure else confidence)
        )
    return out


def said(text: str, vocabulary: Vocabulary = TERMS) -> tuple[str, list[tuple[str, str]]]:
    out, made = corrected(words(text), vocabulary)
    return " ".join(word.text for word in out), [(c.heard, c.written) for c in made]


@pytest.mark.parametrize(
    ("heard", "expected", "shown"),
    [
        ("Who signs form F C seven?", "Who signs form FC-7?", [("F C seven", "FC-7")]),
        ("Who signs form FC 12?", "Who signs form FC-12?", [("FC 12", "FC-12")]),
        ("Ask the M.L.R.O. first", "Ask the MLRO. first", [("M.L.R.O", "MLRO")]),
        ("is it in Lantin/0.3 yet", "is it in Lantern yet", [("Lantin", "Lantern")]),
        ("is it in Lantin yet", "is it in Lantin yet", []),
        ("is it Lantin's/0.3 turn", "is it Lantern's turn", [("Lantin's", "Lantern's")]),
        ("so let's/0.2 see", "so let's see", []),
        ("I call Speak/0.4 Save/0.4 now", "I call SpeakSafe now", [("Speak Save", "SpeakSafe")]),
        ("how must I store/0.2 it", "how must I store it", []),
        ("rule eight point one point one", "rule 8.1.1", [("eight point one point one", "8.1.1")]),
        ("the ombudsmen/0.3 wrote", "the Ombudsman wrote", [("ombudsmen", "Ombudsman")]),
        ("is the beacon/0.3 read", "is the beacon read", []),
        ("I call speak safe, now", "I call SpeakSafe, now", [("speak safe", "SpeakSafe")]),
        ("I speak. Safe is safe", "I speak. Safe is safe", []),
        ("must an essay/0.4 are/0.5 go", "must an SAR go", [("essay are", "SAR")]),
        ("must an essay are go", "must an essay are go", []),
    ],
)
def test_what_is_put_right(heard: str, expected: str, shown: list[tuple[str, str]]) -> None:
    assert said(heard) == (expected, shown)


UNSURE = Vocabulary(terms=("STOR", "SAR", "MLRO"), numbered=frozenset({"severity 2", "tier 4"}))


@pytest.mark.parametrize(
    ("heard", "expected", "shown"),
    [
        ("do S.T.O.,/0.2 R./0.4 filed", "do STOR. filed", [("S.T.O., R", "STOR")]),
        ("a ST,/0.3 O are/0.3 be filed", "a STOR be filed", [("ST, O are", "STOR")]),
        ("a ST, O are be filed", "a ST, O are be filed", []),
        ("for the M./0.3 V. L. R. O. now", "for the MLRO. now", [("M. V. L. R. O", "MLRO")]),
        ("for the M. V. L. R. O. now", "for the M. V. L. R. O. now", []),
        ("for the S./0.3 A. T. now", "for the S. A. T. now", []),
        (
            "paragraph two, boy ten, boy three, says",
            "paragraph 2.10.3, says",
            [("two, boy ten, boy three,", "2.10.3,")],
        ),
        ("in section 4, point one is", "in section 4, point one is", []),
        ("two, boy ten, boy three", "two, boy ten, boy three", []),
        ("does rule 3. 12.4 apply", "does rule 3.12.4 apply", [("3. 12.4", "3.12.4")]),
        ("it is 3. 12.4 per cent", "it is 3. 12.4 per cent", []),
        ("read section two points one to me", "read section 2.1 to me", [("two points one", "2.1")]),
        ("the MLRO,/0.3 are you sure", "the MLRO, are you sure", []),
        ("oh/0.1 are/0.1 you sure", "oh are you sure", []),
        ("does the next 2.1/0.1 say", "does the annex 2.1 say", [("next", "annex")]),
        ("does the next 2.1 say", "does the next 2.1 say", []),
        ("the next 2.1/0.1 million pounds", "the next 2.1 million pounds", []),
        ("what roll/0.3 4.10.2 says", "what rule 4.10.2 says", [("roll", "rule")]),
        ("a severity to incident", "a severity 2 incident", [("to", "2")]),
        ("a tier for, please", "a tier 4, please", [("for", "4")]),
        ("go to the bank for severity", "go to the bank for severity", []),
        ("by 2./0.3 2./0.1 2./0.2 2./0.4 now", "by 2. now", [("2. 2. 2. 2.", "2.")]),
        ("by 2 2 2 2 now", "by 2 2 2 2 now", []),
        ("no/0.2 no/0.2 no/0.2", "no no no", []),
        (
            "may I buy shares now/0.2 May/0.3 I buy shares now? Yes",
            "may I buy shares now Yes",
            [("may I buy shares now May I buy shares now?", "may I buy shares now")],
        ),
    ],
)
def test_what_small_models_do_on_bad_lines(heard: str, expected: str, shown: list[tuple[str, str]]) -> None:
    assert said(heard, UNSURE) == (expected, shown)


def test_a_number_made_of_a_word_is_read_back() -> None:
    out, made = corrected(words("a severity to incident", 0.99), UNSURE)
    assert [doubt.text for doubt in doubts(transcript(list(out), made), UNSURE, threshold=0.5)] == ["2"]


@given(
    st.lists(st.tuples(st.sampled_from(["2.", "the", "next", "2.1", "ST,", "are", "severity", "to"]), st.floats(0, 1)))
)
def test_whatever_is_put_right_is_shown(parts: list[tuple[str, float]]) -> None:
    """Every word that is new, and every word that is gone, stands in a correction; a word is gone only where it was said."""
    heard = [Word(text=text, start=float(n), end=n + 0.5, confidence=sure) for n, (text, sure) in enumerate(parts)]
    out, made = corrected(heard, UNSURE)
    assert (not made) == ([w.text for w in out] == [w.text for w in heard])
    shown = " ".join(c.heard for c in made).split()
    kept = [w.start for w in out]
    assert all(w.start in kept or w.text in shown or w.text.strip(".,") in shown for w in heard)
    assert kept == sorted(kept)


@given(st.lists(st.tuples(st.text("abcFCt ,.78", min_size=1, max_size=8), st.floats(0, 1)), max_size=15))
def test_nothing_changes_unseen(parts: list[tuple[str, float]]) -> None:
    """Whatever is said: the text differs from what was heard only where corrections say so, and times stay in order."""
    heard = [
        Word(text=text.strip() or "x", start=n / 2, end=n / 2 + 0.4, confidence=sure)
        for n, (text, sure) in enumerate(parts)
    ]
    out, made = corrected(heard, TERMS)
    changed = {round(c.start, 6) for c in made}
    kept = {(w.text, w.start) for w in heard}
    assert all((w.text, w.start) in kept for w in out if round(w.start, 6) not in changed)
    assert [w.start for w in out] == sorted(w.start for w in out)
    assert (not made) == ([w.text for w in out] == [w.text for w in heard])


def test_without_terms_words_stay() -> None:
    assert said("is it in Lantin/0.1 at F C seven", Vocabulary()) == ("is it in Lantin at F C seven", [])


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 5))
def test_distance_is_symmetric_and_bounded(one: str, other: str, most: int) -> None:
    assert distance(one, other, most) == distance(other, one, most) <= most + 1
    assert (distance(one, other, 40) == 0) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"), [("Kestrel", "kestral"), ("clawback", "claw back"), ("knight", "night"), ("phase", "face")]
)
def test_like_sounds_have_like_keys(one: str, other: str) -> None:
    assert sound_key(one) == sound_key(other)


def transcript(found: list[Word], corrections: tuple[Correction, ...] = ()) -> Transcript:
    text = " ".join(word.text for word in found)
    return Transcript(text=text, language="en", duration=9.0, segments=(), words=tuple(found), corrections=corrections)


@pytest.mark.parametrize(
    ("heard", "kinds"),
    [
        ("Is it £15/0.5 or not/0.4", ["figure", "negation"]),
        ("rule 8.1.1/0.6 please/0.1", ["rule number"]),
        ("section 4.2/0.6 please/0.1", ["rule number"]),
        ("on 1/0.5 July/0.5", ["figure", "date"]),
        ("ask the MLRO/0.3 now", ["name"]),
        ("I may/0.2 march/0.2 on", []),
        ("it is fifteen/0.85 days", ["figure"]),
        ("it is twelve/0.85 days", []),
        ("don't/0.5 tell them", ["negation"]),
        ("everything is clear", []),
        ("hardly/0.3 anything/0.4 was/0.2 heard/0.5 here", ["sentence"]),
        ("nor/0.3 is/0.2 it/0.2 fifteen/0.2 days/0.2", ["sentence", "negation", "figure"]),
        ("hardly/0.1 anything/0.1", []),
    ],
)
def test_what_must_be_confirmed(heard: str, kinds: list[str]) -> None:
    assert [doubt.kind for doubt in doubts(transcript(words(heard, 0.99)), TERMS, threshold=0.5)] == kinds


@given(
    st.lists(st.tuples(st.sampled_from(["15", "not", "MLRO", "8.1.1", "July", "please"]), st.floats(0, 1)), max_size=8)
)
def test_a_higher_threshold_never_asks_less(parts: list[tuple[str, float]]) -> None:
    found = [Word(text=text, start=n, end=n + 0.5, confidence=sure) for n, (text, sure) in enumerate(parts)]
    counts = [len(doubts(transcript(found), TERMS, threshold=t)) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert counts == sorted(counts)


def test_a_sentence_that_was_hardly_heard_is_read_back_whole() -> None:
    found = doubts(transcript(words("may I keep/0.1 fifteen/0.1 pounds/0.1")), TERMS, threshold=0.5)
    assert question_for(found) == "I heard: “may I keep fifteen pounds” Is that right?"


def test_a_correction_is_read_back() -> None:
    out, made = corrected(words("is it in Lantin/0.3 yet"), TERMS)
    (doubt,) = doubts(transcript(list(out), made), TERMS, threshold=0.5)
    assert question_for([doubt]) == "I heard Lantern. Is that right?"


def test_vocabulary_of_what_may_be_read(document: Document) -> None:
    vocabulary = vocabulary_of([document])
    assert {"FC-7", "MLRO", "SpeakSafe", "Gifts Desk", "Gifts Policy"} <= set(vocabulary.terms)
    assert "Staff" not in vocabulary.terms
    assert "register" in vocabulary.known
    assert vocabulary.numbered == {"severity 2"}
    assert vocabulary_of([]).prompt == ""
    assert vocabulary_of([]).fluency("staff may call") == 0.0
    assert vocabulary.fluency("staff may call SpeakSafe") > vocabulary.fluency("stuff may call speak safe")


def test_known_questions_say_how_people_ask(document: Document) -> None:
    asked = vocabulary_of([document], ["how do I get hold of the gifts desk"])
    assert asked.fluency("how do I get hold of it") > vocabulary_of([document]).fluency("how do I get hold of it")


@pytest.fixture
def document() -> Document:
    text = (
        "Gifts Policy\n\nStaff tell the MLRO on form FC-7.\nMLRO (money laundering reporting officer) means a manager.\n"
        "All staff may call SpeakSafe or ask the Gifts Desk about the register.\n"
        "A severity 2 incident goes up at once. Tier 1 is the lowest tier won by 4.5 points; a level 2 is none.\n"
    )
    return Document(
        id="d", key="k", version="v", uri="u", title="Gifts Policy", text=text, text_sha256="t", landmarks=(),
        collection="c", reader="r",
    )  # fmt: skip
