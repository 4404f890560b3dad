"""The true models, once: three documents of the sample manual ingested, one question answered, one asker kept out."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from assistant.build import build, build_embedder, principal_of
from assistant.config import load
from assistant.errors import Unavailable
from assistant.knowledge.catalogue import Catalogue, utc_now
from assistant.models.registry import Registry
from assistant.record.ledger import SqliteLedger, new_id
from assistant.types import Answer, Failed, Finished, Question, Retrieved, Sentence
from ingest.pipeline import Pipeline, Request

ROOT = Path(__file__).resolve().parents[1]
KEPT = ("gifts-and-hospitality-2024.docx", "gifts-and-hospitality-2026.docx", "suspicious-activity-procedure.md")


def test_a_question_is_answered_from_the_passage_that_says_it(tmp_path: Path) -> None:
    base = load(ROOT / "configs/default.toml")
    for name in Registry(base).needed():
        try:
            Registry(base).path(name)
        except Unavailable as error:
            pytest.fail(f"{error} (make test does it)")
    corpora = tmp_path / "corpora" / "manual"
    corpora.mkdir(parents=True)
    manual = ROOT / "corpora/manual"
    for file in (*(manual / name for name in KEPT), manual / "collection.toml", *manual.glob("training.*.jsonl")):
        shutil.copy(file, corpora)
    paths = base.paths.model_copy(
        update={"data": tmp_path / "data", "corpora": tmp_path / "corpora", "mirror": base.data / "models"}
    )
    config = base.model_copy(update={"paths": paths})
    report = Pipeline(
        config=config,
        catalogue=Catalogue.open(config.data),
        embedder=build_embedder(config),
        tell=lambda _: None,
        new_id=new_id,
        clock=utc_now,
    ).run(Request())
    assert report.published
    assert report.documents == len(KEPT)

    assistant = build(config)
    text = "How much may gifts to the same recipient come to in a calendar year?"
    question = Question(text=text, principal=principal_of(config, "dana"), as_of=date(2026, 11, 21))
    events = list(assistant.ask(question))
    assert not [e for e in events if isinstance(e, Failed)]
    kinds = [type(e) for e in events]
    assert kinds.index(Retrieved) < kinds.index(Sentence), "the sources come before the first sentence"
    answer = _answer(events[-1])
    assert answer.status == "answered"
    assert "£150" in answer.text
    for citation in answer.citations:
        document = assistant.library.document(citation.document_id, question.principal)
        assert document.text[citation.start : citation.end] == citation.quote
    assert {c.uri for c in answer.citations} == {"manual/gifts-and-hospitality-2026.docx"}, "the version in force"

    secret = "What score of an internal report is never below P2?"
    for user, may in (("marcus", True), ("dana", False)):
        seen = _answer(
            list(assistant.ask(Question(text=secret, principal=principal_of(config, user), as_of=date(2026, 11, 21))))[
                -1
            ]
        )
        assert any(h.document.uri.endswith("suspicious-activity-procedure.md") for h in seen.hits) is may
    assert SqliteLedger(Catalogue.open_existing(config.data)).verify() == 7


def _answer(event: object) -> Answer:
    assert isinstance(event, Finished)
    return event.answer
