"""Sentences that the generator wrote, for people to label: does one of the passages it was given say this?

``python -m eval.collect_sentences QUESTIONS [QUESTIONS …] OUT --composition free --count 300``: training questions (none
that measure), in an order drawn by ``--seed``, are asked of the served collection as somebody who may see everything. Every
sentence is kept, those that the judge would withhold too, since what it misses is what is asked. With ``quote`` only shown
sentences are kept. ``python -m eval.collect_sentences OUT --recorded`` asks nothing: it takes what the ledger says was shown,
by the release that answered last, each sentence once a question. A row of OUT: ``id, question, sentence, passages,
composition, generator, verdict``; labels come later.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from assistant.answer import Assistant
from assistant.build import build, build_embedder, principal_of
from assistant.config import load
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.library import Library, OpenSnapshot
from assistant.record.ledger import SqliteLedger
from assistant.retrieve import retrieve
from assistant.train.groups import read_lines
from assistant.types import Finished, Passage, Question


def written(assistant: Assistant, question: str) -> Iterator[dict[str, Any]]:
    """All that the generator wrote, whatever the judge said of it; the gate is left out."""
    snapshot, config = assistant.library.current(), assistant.config
    everything = np.ones(len(snapshot.passages), dtype=np.bool_)
    (hits,) = retrieve(snapshot, [question], everything, config.retrieve, assistant.composer.reranker)
    composition = assistant.composer.about(question, question, hits, lambda: 0.0)
    list(composition.sentences())
    passages = [hit.passage.text for hit in composition.evidence]
    for sentence in (*composition.shown, *composition.withheld):
        yield {"sentence": sentence.text, "verdict": sentence.verdict, "passages": passages}


def shown(assistant: Assistant, question: str) -> Iterator[dict[str, Any]]:
    """What the first configured user is shown, each sentence with the passages that it cites."""
    user = principal_of(assistant.config, None)
    asked = Question(text=question, principal=user, as_of=assistant.clock().date(), channel="cli")
    for event in assistant.ask(asked):
        if isinstance(event, Finished):
            for sentence in event.answer.sentences:
                passages = [event.answer.hits[c.marker - 1].passage.text for c in sentence.citations]
                yield {"sentence": sentence.text, "verdict": sentence.verdict, "passages": passages}


def recorded(snapshot: OpenSnapshot, ledger: SqliteLedger) -> Iterator[dict[str, Any]]:
    """What the release that answered last has shown, with the passages where its citations stand; ``before`` and
    ``after`` are the rest of the same answer, ``place`` the document and headings that its paragraph was led by."""
    questions = {record: content["question"] for record, content in ledger.contents("asked")}
    answers = [content for _, content in reversed(ledger.contents("answered"))]
    seen: set[tuple[str, str]] = set()
    for answer in answers:
        question = questions.get(answer["asked"], "")
        for n, sentence in enumerate(answer["sentences"] if answer["release"] == answers[0]["release"] else ()):
            around = [row for span in sentence["spans"] for row in _around(snapshot, span)]
            passages = [_read(snapshot.passages[row]) for row in around]
            if question and passages and (question, sentence["text"]) not in seen:
                seen.add((question, sentence["text"]))
                yield {
                    "question": question,
                    "before": " ".join(other["text"] for other in answer["sentences"][:n]),
                    "place": _place(snapshot, around[0]),
                    "sentence": sentence["text"],
                    "after": " ".join(other["text"] for other in answer["sentences"][n + 1 :]),
                    "verdict": sentence["verdict"],
                    "passages": passages,
                    "generator": answer["release"]["models"]["generator"],
                }


def _around(snapshot: OpenSnapshot, span: dict[str, Any]) -> list[int]:
    return [
        row
        for row, passage in enumerate(snapshot.passages)
        if passage.document_id == span["document"] and passage.start <= span["start"] and span["end"] <= passage.end
    ]


def _read(passage: Passage) -> str:
    return "\n".join(part for part in (passage.context, passage.text) if part)


def _place(snapshot: OpenSnapshot, row: int) -> str:
    return f"{snapshot.document_of(row).title}, {snapshot.passages[row].where}"


def collect(assistant: Assistant, questions: Sequence[str], out: Path, count: int) -> None:
    composition, made = assistant.config.generator.composition, 0
    told = {"composition": composition, "generator": assistant.composer.generator.identity}
    with out.open("w", encoding="utf-8") as stream:
        for question in questions:
            for row in (shown if composition == "quote" else written)(assistant, question):
                made += 1
                row = {"id": f"{composition}-{made}", "question": question, **row, **told}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
                stream.flush()
                if made == count:
                    return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path, nargs="*")
    parser.add_argument("out", type=Path)
    parser.add_argument("--composition", choices=["quote", "free"], default="free")
    parser.add_argument("--recorded", action="store_true")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path)
    told = parser.parse_args()
    config = load(told.config)
    if told.recorded:
        catalogue = Catalogue.open_existing(config.data)
        snapshot = Library(config.data, catalogue, build_embedder(config), "cpu").current()
        rows = islice(recorded(snapshot, SqliteLedger(catalogue)), told.count)
        lines = [json.dumps({"id": f"shown-{n}", **row}, ensure_ascii=False) for n, row in enumerate(rows, start=1)]
        told.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return
    composition = cast(Literal["quote", "free"], told.composition)
    config = config.model_copy(update={"generator": config.generator.model_copy(update={"composition": composition})})
    questions = sorted({str(row["question"]) for file in told.questions for row in read_lines(file) if row["section"]})
    random.Random(told.seed).shuffle(questions)
    collect(build(config), questions, told.out, told.count)


if __name__ == "__main__":
    main()
