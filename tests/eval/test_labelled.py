"""The judge over sentences that people labelled: what it shows is counted against the labels, and bad rows are named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.errors import InputError
from assistant.types import Judgement
from eval.labelled import Labelled, measure, read

PASSAGE = "Gifts above 50 pounds must be declared within 5 days."


def row(name: str, sentence: str, first: str, second: str, label: str) -> Labelled:
    return Labelled(id=name, sentence=sentence, passages=("Nothing.", PASSAGE), first=first, second=second, label=label)


class WordJudge:
    identity = "words"

    def judge(self, sentence: str, passages: Sequence[str]) -> list[Judgement]:
        return [
            Judgement(verdict="supported" if sentence in passage else "unsupported", score=float(sentence in passage))
            for passage in passages
        ]


def test_shown_and_refused_are_counted_against_the_labels() -> None:
    rows = [
        row("a", "Gifts above 50 pounds must be declared", "supported", "supported", "supported"),
        row("b", "within 5 days", "unsupported", "supported", "unsupported"),
        row("c", "Declare gifts", "supported", "supported", "supported"),
        row("d", "Declare all", "unsupported", "unsupported", "unsupported"),
    ]
    found = measure({"words": WordJudge()}, {"length": lambda pair: float(len(pair.sentence))}, rows)
    assert (found["n"], found["supported"], found["labels_agree"]) == (4, 2, 0.75)
    shown = found["shown"]["words"]
    assert (shown["n"], shown["unsupported"], shown["supported_refused"]) == (2, 1, 1)
    assert shown["which"] == ["b"]
    assert 0.5 < shown["unsupported_upper_95"] < 1
    assert found["auroc"] == {"words": 0.5, "length": 0.875}
    assert found["kappa"] == pytest.approx(0.5)


def test_a_row_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    good = {"id": "a", "sentence": "s", "passages": ["p"], "first": "supported", "second": "supported"}
    file.write_text(json.dumps({**good, "label": "supported"}) + "\n" + json.dumps({**good, "label": "maybe"}))
    with pytest.raises(InputError, match=r"labels\.jsonl:2 is not a labelled sentence"):
        read(file)
    with pytest.raises(InputError, match="can't be read"):
        read(tmp_path / "none.jsonl")
