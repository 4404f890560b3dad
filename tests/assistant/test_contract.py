"""The JSON of an answer is that of the design, section 6, whatever the answer's status; a reader may rely on every field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.contract import answer_json
from assistant.models.twins import ScriptedGenerator
from assistant.types import Answer
from tests.world import NOBODY, TODAY, World, ask, question

FIELDS = {
    "": "question as_of status answer sentences withheld abstention citations evidence triage timings_ms release receipt",
    "sentences": "text citations verdict score",
    "citations": "marker document_id title uri version text_sha256 reader where page start end quote effective_from effective_to",
    "evidence": "passage_id document_id start end text where score found_by",
    "triage": "route topic urgency reason",
    "timings_ms": "retrieve first_token first_sentence total",
    "release": "id snapshot policy models adapter",
    "receipt": "id hash",
}


@pytest.fixture(scope="module")
def answers(served: World) -> dict[str, Answer]:
    return {
        "answered": ask(served.assistant(ScriptedGenerator(choose=2))),
        "weak": ask(served.assistant(gate={"threshold": 1.0})),
        "nobody": ask(served.assistant(), question(principal=NOBODY)),
    }


def body(answer: Answer) -> dict[str, Any]:
    """As a reader on the other side of a pipe gets it."""
    told: dict[str, Any] = json.loads(json.dumps(answer_json(answer), allow_nan=False))
    return told


@pytest.mark.parametrize("name", ["answered", "weak", "nobody"])
def test_every_field_of_the_design_is_there(answers: dict[str, Answer], name: str) -> None:
    told = body(answers[name])
    assert told["schema_version"] == 1
    for place, fields in FIELDS.items():
        values = told if not place else told[place]
        for value in values if isinstance(values, list) else [values]:
            assert set(fields.split()) <= set(value), place
    assert told["as_of"] == TODAY.isoformat()


def test_an_answer(answers: dict[str, Answer]) -> None:
    told = body(answers["answered"])
    assert (told["status"], told["abstention"], told["withheld"]) == ("answered", None, 0)
    markers = {c["marker"] for c in told["citations"]}
    for sentence in told["sentences"]:
        assert sentence["verdict"] == "supported"
        assert sentence["citations"]
        assert set(sentence["citations"]) <= markers
        assert sentence["text"] in told["answer"]
    assert all(len(c["quote"]) == c["end"] - c["start"] for c in told["citations"])
    assert told["citations"][0]["effective_from"] == "2026-07-01"
    assert told["citations"][0]["effective_to"] is None
    assert told["timings_ms"]["total"] >= told["timings_ms"]["first_sentence"] >= told["timings_ms"]["retrieve"] > 0
    assert told["release"]["models"]["generator"].startswith("scripted/")


@pytest.mark.parametrize("name", ["weak", "nobody"])
def test_an_abstention(answers: dict[str, Answer], name: str) -> None:
    told = body(answers[name])
    assert (told["status"], told["answer"], told["sentences"], told["citations"]) == ("abstained", "", [], [])
    assert set(told["abstention"]) == {"reason", "missing"}
    assert told["abstention"]["reason"]
    assert told["timings_ms"]["first_token"] is None
    assert bool(told["evidence"]) == (name == "weak")
