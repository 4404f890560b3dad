"""The corpus as a whole: copies, near copies and contradictions; versions that follow each other are none."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.types import Document
from ingest.canonical import sha256_text
from ingest.quality import compare
from ingest.quality.shingles import alike, resemblance, shingles

RNG = random.Random(7)
WORDS = [f"word{n}" for n in range(3000)]


def prose(words: int, seed: int) -> list[str]:
    return random.Random(seed).choices(WORDS, k=words)


def document(name: str, text: str, **more: object) -> Document:
    made = Document(
        id=name, key=name, version="v", uri=f"manual/{name}", title=name, text=text, text_sha256=sha256_text(text),
        landmarks=(), collection="manual", reader="text/1",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]  # fields of Document


def kinds(*documents: Document) -> dict[str, list[str]]:
    return {identity: [each.kind for each in found] for identity, found in compare(documents).items()}


def naive(a: str, b: str) -> float:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = text.lower().split()
        size = min(5, len(words))
        return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)} if words else set()

    both = runs(a) | runs(b)
    return len(runs(a) & runs(b)) / len(both) if both else 0.0


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
def test_resemblance_is_the_share_of_common_runs(first: list[str], second: list[str]) -> None:
    a, b = " ".join(first), " ".join(second)
    assert abs(resemblance(shingles(a), shingles(b)) - naive(a, b)) < 1e-9


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_near_copies_are_found_among_others(seed: int) -> None:
    texts = {f"d{n}": prose(400, seed + n) for n in range(12)}
    copy = list(texts["d3"])
    for at in random.Random(seed).sample(range(400), 6):
        copy[at] = "changed"
    texts["copy"] = copy
    pairs = alike({name: shingles(" ".join(words)) for name, words in texts.items()}, 0.8)
    assert [(a, b) for a, b, _ in pairs] == [("copy", "d3")]


def test_alike_agrees_with_every_pair_compared() -> None:
    base = prose(300, 1)
    texts = {}
    for n in range(20):
        words = list(base)
        for at in RNG.sample(range(300), n):
            words[at] = f"other{n}"
        texts[f"d{n:02}"] = shingles(" ".join(words))
    every = [(a, b) for a, b in itertools.combinations(sorted(texts), 2) if resemblance(texts[a], texts[b]) >= 0.8]
    assert [(a, b) for a, b, _ in alike(texts, 0.8)] == every
    assert alike({"a": np.array([], dtype=np.uint64)}, 0.8) == []


def test_copies_near_copies_and_others() -> None:
    words = prose(300, 5)
    text = " ".join(words)
    near = " ".join(["changed", *words[1:]])
    assert kinds(document("a", text), document("b", text), document("c", " ".join(prose(300, 6)))) == {
        "a": ["duplicate"], "b": ["duplicate"],
    }  # fmt: skip
    assert kinds(document("a", text), document("b", near)) == {"a": ["near duplicate"], "b": ["near duplicate"]}


def test_contradictions_are_told_with_both_sentences() -> None:
    old = document("old", "Intro.\nA gift worth more than £50 must be declared to the team within five days. End.")
    new = document("new", "Other.\n3.1 A gift worth more than £75 must be declared to the team within five days. More.")
    found = compare([old, new])
    assert [each.kind for each in found["old"]] == ["conflict"]
    (finding,) = found["new"]
    assert new.text[finding.start : finding.end].startswith("3.1 A gift")
    assert "£50" in finding.message
    assert "£75" in finding.message
    assert finding.severity == "warning"


def test_versions_that_follow_each_other_are_no_contradiction() -> None:
    old = document("old", "A gift worth more than £50 must be declared to the team within five days.", key="gifts")
    new = document("new", "A gift worth more than £75 must be declared to the team within five days.", key="gifts")
    assert kinds(replace(old, effective_to=date(2026, 6, 30)), replace(new, effective_from=date(2026, 7, 1))) == {}
    assert kinds(old, replace(new, supersedes=old.uri)) == {}
    assert kinds(replace(old, effective_to=date(2026, 7, 1)), replace(new, effective_from=date(2026, 7, 1))) != {}


def test_references_dates_and_forms_are_no_contradictions() -> None:
    pairs = [
        ("Fees that are set out in paragraphs 128 - 139 must be paid when the form is sent to us.",
         "Fees that are set out in paragraphs 179 - 187 must be paid when the form is sent to us."),
        ("This policy must be reviewed by its owner, version 3, within the year after it is made.",
         "This policy must be reviewed by its owner, version 4, within the year after it is made."),
        ("As rule 3.6, and must be conducted according to principles approved by the team.",
         "As rule 3.5, and must be conducted according to principles approved by the team."),
    ]  # fmt: skip
    for a, b in pairs:
        assert kinds(document("a", a), document("b", b)) == {}
    form = [document(f"d{n}", f"Each branch must keep at least {n + 20} forms in the locked room.") for n in range(12)]
    assert kinds(*form) == {}
