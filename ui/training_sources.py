"""What ``muniment train`` learns from, out of its options. A source is ``PATH`` or ``PATH=N``: at most N questions of it."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar

from assistant.errors import InputError

T = TypeVar("T")
Taken = tuple[Path, int]
"""A file or folder, and the most questions that it may give."""


class HeldOut(StrEnum):
    """What of the validation part of a BEIR folder's dev split is kept back for measuring."""

    PASSAGES = "passages"
    """Nothing is learnt about its gold passages: measured is what was never seen."""
    QUESTIONS = "questions"
    """Written questions may be about them: measured are new questions about known passages, as a firm asks of its rulebook."""
    NOTHING = "nothing"
    """Its questions are learnt too: for a release, after its figures were taken."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Files, each with the most questions it may give, and what must not be learnt."""

    beir: Taken | None
    written: list[Taken]
    cited: list[Taken]
    collection: list[Taken]
    excluded: frozenset[str]
    """Questions that are never trained on."""
    held_out: HeldOut

    @classmethod
    def of(
        cls,
        beir: str | None,
        cited: Sequence[str] | None,
        collection: Sequence[str] | None,
        exclude: Path | None,
        *,
        written: Sequence[str] | None = None,
        held_out: HeldOut = HeldOut.PASSAGES,
    ) -> Self:
        from assistant.train.groups import read_lines

        if not (beir or cited or collection):
            raise InputError("Nothing to train on; give --beir, --cited or --collection.")
        if written and not beir:
            raise InputError("--written is about a BEIR folder's passages; give --beir.")
        return cls(
            beir=_taken(beir) if beir else None,
            written=[_taken(text) for text in written or []],
            cited=[_taken(text) for text in cited or []],
            collection=[_taken(text) for text in collection or []],
            excluded=frozenset(row["question"] for row in read_lines(exclude)) if exclude else frozenset(),
            held_out=held_out,
        )

    def rulebook(self, rng: random.Random) -> list[tuple[str, tuple[str, ...]]]:
        """Questions about the BEIR folder's passages and the ids of their gold passages: its own, then the written ones."""
        from assistant.train.groups import read_lines
        from eval.split import plain, train_queries, validation_queries

        if self.beir is None:
            return []
        folder, most = self.beir
        own = train_queries(folder, self.excluded)
        barred = {plain(text) for text in self.excluded}
        held = validation_queries(folder)
        barred |= {plain(query.text) for query in held} if self.held_out is not HeldOut.NOTHING else set()
        own += [query for query in held if plain(query.text) not in barred]
        measures = {key for query in held for key in query.gold} if self.held_out is HeldOut.PASSAGES else set()
        questions = _some([(query.text, query.gold) for query in own], most, rng)
        for file, most in self.written:
            rows = [row for row in read_lines(file) if row["passage"] not in measures]
            rows = [row for row in rows if plain(row["question"]) not in barred]
            questions += _some([(row["question"], (row["passage"],)) for row in rows], most, rng)
        return questions

    def answers(self, rng: random.Random) -> list[tuple[Path, list[dict[str, Any]]]]:
        """Without those that rest on a gold passage of the validation part, unless nothing is held out: they measure too."""
        from assistant.train.groups import read_lines
        from eval.split import held_out_passages, plain

        held = held_out_passages(self.beir[0]) if self.beir and self.held_out is not HeldOut.NOTHING else frozenset()
        kept = {
            file: [row for row in read_lines(file) if not any(plain(p["text"]) in held for p in row["passages"])]
            for file, _ in self.cited
        }
        return [(file, _some(kept[file], most, rng)) for file, most in self.cited]

    def golden(self, rng: random.Random) -> list[tuple[str, list[str]]]:
        """Questions of `rulebook` and `answers` with the texts of their gold passages; none whose text is excluded."""
        from assistant.train.groups import read_lines
        from eval.split import plain

        text = {row["_id"]: row["text"] for row in read_lines(self.beir[0] / "corpus.jsonl")} if self.beir else {}
        own = [(question, [text[key] for key in gold if key in text]) for question, gold in self.rulebook(rng)]
        answers = [row for _, rows in self.answers(rng) for row in rows]
        both = [*own, *((row["question"], [p["text"] for p in row["passages"]]) for row in answers)]
        barred = {plain(question) for question in self.excluded}
        return [(question, gold) for question, gold in both if gold and plain(question) not in barred]

    def items(self, rng: random.Random) -> list[dict[str, Any]]:
        from assistant.train.groups import read_lines

        return [item for file, most in self.collection for item in _some(list(read_lines(file)), most, rng)]

    def told(self) -> list[str]:
        """For the card: names and numbers, no folders of this machine."""
        every = [*([self.beir] if self.beir else []), *self.written, *self.cited, *self.collection]
        names = [path.name if most == sys.maxsize else f"{path.name} (at most {most})" for path, most in every]
        return [*names, f"held out of the validation part: {self.held_out.value}"]


def _taken(text: str) -> Taken:
    path, _, most = text.partition("=")
    if most and not most.isdigit():
        raise InputError(f"{text}: after = stands the number of questions to take.")
    if not Path(path).exists():
        raise InputError(f"There is no {path} to train on.")
    return Path(path), int(most) if most else sys.maxsize


def _some(rows: Sequence[T], most: int, rng: random.Random) -> list[T]:
    return rng.sample(rows, min(most, len(rows)))
