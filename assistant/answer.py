"""The whole way of a question, as one screen of straight calls.

principal → ledger *asked* → triage → visible set → search → *Retrieved* → gate → prompt → generator → each sentence judged
→ receipt → ledger *answered* → *Finished*. Raw generator tokens never leave this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from assistant.access import Policy
from assistant.config import Config
from assistant.errors import InputError, MunimentError
from assistant.evidence import abstain, cite
from assistant.evidence.compose import Composer, Composition
from assistant.knowledge.library import Library, OpenSnapshot, View
from assistant.knowledge.versions import notices
from assistant.protocols import Ledger, Record
from assistant.record.ledger import MemoryLedger
from assistant.record.receipt import answered_content, asked_content
from assistant.release import Identities, release_of, serving_adapter
from assistant.retrieve import retrieve, standalone
from assistant.triage import triage
from assistant.types import (
    Abstention,
    Answer,
    Event,
    Failed,
    Finished,
    Hit,
    Progress,
    Question,
    Receipt,
    Release,
    Retrieved,
    Status,
    Timings,
    Triage,
    Turn,
)

TOO_WEAK = "Nothing in the documents you may see answers this closely enough."
NOT_FOUND = "The passages found do not answer this."
NOT_SUPPORTED = "What could be written was not supported by the passages found, so it was withheld."


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What composes through one adapter, or through none, and what a release calls it."""

    composer: Composer
    identities: Identities


class Assistant:
    """Built by `assistant.build.build` alone. Safe to share between threads; the generator serves one at a time."""

    def __init__(
        self,
        *,
        config: Config,
        library: Library,
        variants: Mapping[str | None, Variant],
        ledger: Ledger,
        clock: Callable[[], datetime],
    ) -> None:
        """``variants`` by adapter; which of them answers is looked up for each question."""
        self.config = config
        self.library = library
        self.clock = clock
        self._variants = variants
        self._ledger = ledger

    def ready(self) -> None:
        """Raises the `MunimentError` that says why no question can be answered now."""
        self.library.current()

    def over(self, view: View) -> Assistant:
        """The same release over a snapshot that is not served, for the gate: its answers are on no record."""
        return Assistant(
            config=self.config,
            library=self.library.showing(view),
            variants=self._variants,
            ledger=MemoryLedger(self.clock),
            clock=self.clock,
        )

    def warm(self) -> None:
        """So that the first question takes no longer than the second."""
        self.composer.warm()

    @property
    def composer(self) -> Composer:
        return self._variant().composer

    def release(self) -> Release:
        return release_of(self._variant().identities, self.library.snapshot_id, self.library.policy().version)

    def _variant(self) -> Variant:
        return self._variants[serving_adapter(self.config)]

    def ask(self, question: Question) -> Generator[Event, None, None]:
        """Ends with exactly one `Finished` or `Failed`; closing the iterator stops the generator and closes the record."""
        question = _encodable(question)
        try:
            text = checked(question.text, self.config.limits.question_characters)
            asked = self._ledger.append("asked", asked_content(question))
        except MunimentError as error:
            yield Failed(message=str(error), kind=error.kind)
            return
        finished = False
        try:
            for event in self._answer(question, text, asked):
                finished = finished or isinstance(event, Finished)
                yield event
        except MunimentError as error:
            finished = True
            yield Failed(message=str(error), kind=error.kind, receipt=self._failed(asked, str(error)))
        finally:
            if not finished:
                self._failed(asked, "the asker went away or the program failed before the answer was complete")

    def _answer(self, question: Question, text: str, asked: Record) -> Iterator[Event]:
        elapsed = _stopwatch()
        routed = triage(question)
        yield Progress(stage="search")
        snapshot, policy = self.library.current(), self.library.policy()
        variant = self._variant()
        release = release_of(variant.identities, snapshot.id, policy.version)
        allowed = snapshot.mask(question.principal, policy, question.as_of)
        query = standalone(text, question.history)
        (hits,) = retrieve(snapshot, [query], allowed, self.config.retrieve, variant.composer.reranker)
        found = elapsed()
        yield Retrieved(hits=tuple(hits))

        composition = variant.composer.about(text, query, hits, elapsed)
        yield Progress(stage="read")
        reason = TOO_WEAK if self._too_weak(query, hits, composition, snapshot) else ""
        if not reason:
            yield Progress(stage="write")
            yield from composition.sentences()
            reason = "" if composition.shown else NOT_SUPPORTED if composition.withheld else NOT_FOUND
        abstention = Abstention(reason=reason, missing=abstain.missing_terms(text, hits)) if reason else None
        timings = Timings(
            retrieve=found,
            first_token=composition.first_token,
            first_sentence=composition.first_sentence,
            total=elapsed(),
        )
        answer = self._record(question, routed, asked, release, composition, hits, abstention, timings)
        yield Finished(answer=replace(answer, notices=self._notices(answer, question, snapshot, policy)))

    def _too_weak(self, query: str, hits: Sequence[Hit], composition: Composition, snapshot: OpenSnapshot) -> bool:
        values = abstain.signals(query, hits, composition, snapshot.lexical.idf, self.config.gate.weights)
        return abstain.confidence(values, self.config.gate) < self.config.gate.threshold

    def _notices(self, answer: Answer, question: Question, snapshot: OpenSnapshot, policy: Policy) -> tuple[str, ...]:
        cited = [citation.document_id for citation in answer.citations]
        return notices(
            snapshot.documents,
            cited,
            question.principal,
            policy,
            as_of=question.as_of,
            today=self.clock().date(),
            days=self.config.publish.announce_days,
        )

    def _record(
        self,
        question: Question,
        routed: Triage,
        asked: Record,
        release: Release,
        composition: Composition,
        hits: Sequence[Hit],
        abstention: Abstention | None,
        timings: Timings,
    ) -> Answer:
        status: Status = "abstained" if abstention else "answered"
        shown, withheld = composition.shown, composition.withheld
        citations = cite.one_a_marker(shown, composition.evidence)
        content = answered_content(asked, question, status, shown, withheld, citations, hits, release, abstention)
        receipt = _receipt(self._ledger.append("answered", content))
        return Answer(
            question=question.text,
            as_of=question.as_of,
            status=status,
            text=cite.text_of(shown),
            sentences=tuple(shown),
            withheld=len(withheld),
            abstention=abstention,
            citations=citations,
            hits=tuple(hits),
            triage=routed,
            usage=composition.usage(),
            timings=timings,
            release=release,
            receipt=receipt,
        )

    def _failed(self, asked: Record, reason: str) -> Receipt | None:
        """Closes the record of a question that came to nothing; None where even that can't be written."""
        try:
            return _receipt(self._ledger.append("failed", {"asked": asked.id, "reason": reason}))
        except MunimentError:
            return None


def checked(text: str, longest: int) -> str:
    """The question on one line; `InputError` where it is empty or longer than ``longest`` characters."""
    plain = " ".join(text.replace("\x00", " ").split())
    if not plain:
        raise InputError("The question is empty; type one.")
    if len(plain) > longest:
        raise InputError(f"The question has {len(plain):,} characters; shorten it to {longest:,} or fewer.")
    return plain


def _encodable(question: Question) -> Question:
    """Lone surrogates (a terminal's stray byte, a broken JSON escape) become "?": the ledger keeps UTF-8."""

    def mended(text: str) -> str:
        return text.encode("utf-8", "replace").decode("utf-8")

    history = tuple(Turn(question=mended(t.question), answer=mended(t.answer)) for t in question.history)
    return replace(question, text=mended(question.text), history=history)


def _stopwatch() -> Callable[[], float]:
    """Milliseconds since now."""
    started = time.perf_counter()
    return lambda: (time.perf_counter() - started) * 1000


def _receipt(record: Record) -> Receipt:
    return Receipt(id=record.id, hash=record.hash)
