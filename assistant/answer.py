"""The whole way of a question, as one screen of straight calls.

principal → ledger *asked* → triage → visible set → search → *Retrieved* → gate → prompt → generator → each sentence judged
→ receipt → ledger *answered* → *Finished*. Raw generator tokens never leave this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from assistant.config import Config
from assistant.errors import InputError, MunimentError
from assistant.evidence import abstain, cite, prompt, quote
from assistant.evidence.quote import Choice
from assistant.evidence.sentences import stream
from assistant.knowledge.library import Library, OpenSnapshot
from assistant.protocols import Generator, Judge, Ledger, Record, Reranker
from assistant.record.receipt import answered_content, asked_content
from assistant.release import Identities, release_of
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
    Sentence,
    Status,
    Timings,
    Triage,
    Turn,
)

TOO_WEAK = "Nothing in the documents you may see answers this closely enough."
NOT_FOUND = "The passages found do not answer this."
NOT_SUPPORTED = "What could be written was not supported by the passages found, so it was withheld."


@dataclass
class _Course:
    """What one question has come to so far: the stopwatch and the sentences."""

    started: float
    retrieve: float = 0.0
    first_token: float | None = None
    first_sentence: float | None = None
    shown: list[Sentence] = field(default_factory=list)
    withheld: list[Sentence] = field(default_factory=list)

    def elapsed(self) -> float:
        return (time.perf_counter() - self.started) * 1000


class Assistant:
    """Built by `assistant.build.build` alone. Safe to share between threads; the generator serves one at a time."""

    def __init__(
        self,
        *,
        config: Config,
        library: Library,
        reranker: Reranker,
        generator: Generator,
        judge: Judge,
        ledger: Ledger,
        identities: Identities,
        clock: Callable[[], datetime],
    ) -> None:
        self.config = config
        self.library = library
        self.clock = clock
        self.reranker = reranker
        self._generator = generator
        self.count_tokens = generator.count_tokens
        self._judge = judge
        self._ledger = ledger
        self._identities = identities

    def ready(self) -> None:
        """Raises the `MunimentError` that says why no question can be answered now."""
        self.library.current()

    def release(self) -> Release:
        return release_of(self._identities, self.library.snapshot_id, self.library.policy().version)

    def ask(self, question: Question) -> Iterator[Event]:
        """Ends with exactly one `Finished` or `Failed`; closing the iterator stops the generator and closes the record."""
        question = _encodable(question)
        try:
            text = _checked(question.text, self.config.limits.question_characters)
            asked = self._ledger.append("asked", asked_content(question))
        except MunimentError as error:
            yield Failed(message=str(error))
            return
        finished = False
        try:
            for event in self._answer(question, text, asked):
                finished = finished or isinstance(event, Finished)
                yield event
        except MunimentError as error:
            finished = True
            yield Failed(message=str(error), receipt=self._failed(asked, str(error)))
        finally:
            if not finished:
                self._failed(asked, "the asker went away or the program failed before the answer was complete")

    def _answer(self, question: Question, text: str, asked: Record) -> Iterator[Event]:
        course = _Course(started=time.perf_counter())
        routed = triage(question)
        yield Progress(stage="search")
        snapshot, policy = self.library.current(), self.library.policy()
        release = release_of(self._identities, snapshot.id, policy.version)
        allowed = snapshot.mask(question.principal, policy, question.as_of)
        query = standalone(text, question.history)
        (hits,) = retrieve(snapshot, [query], allowed, self.config.retrieve, self.reranker)
        course.retrieve = course.elapsed()
        given = prompt.evidence(hits, self.config.prompt, self.count_tokens)
        yield Retrieved(hits=tuple(hits))

        section = self.config.generator
        found = quote.choices(query, given, self.reranker, most=section.choices, margin=section.choice_margin)
        reason = self._too_weak(query, hits, found, snapshot)
        if not reason:
            yield Progress(stage="write")
            yield from self._sentences(text, given, found, course)
            reason = "" if course.shown else NOT_SUPPORTED if course.withheld else NOT_FOUND
        abstention = Abstention(reason=reason, missing=abstain.missing_terms(text, hits)) if reason else None
        answer = self._record(question, routed, asked, release, course, hits, given, abstention)
        yield Finished(answer=answer)

    def _too_weak(self, query: str, hits: Sequence[Hit], found: Sequence[Choice], snapshot: OpenSnapshot) -> str:
        if not hits or not found:
            return TOO_WEAK
        values = abstain.signals(query, hits, found[0].score, snapshot.lexical.idf)
        return TOO_WEAK if abstain.confidence(values, self.config.gate) < self.config.gate.threshold else ""

    def _sentences(
        self, text: str, given: Sequence[Hit], found: Sequence[Choice], course: _Course
    ) -> Iterator[Sentence]:
        """Supported sentences as they are judged; the generator stops when there are enough, when it repeats itself, or
        when it says that it found nothing."""
        section = self.config.generator
        pieces = self._generator.generate(
            prompt.messages(text, given, section.composition),
            max_new_tokens=section.max_new_tokens,
            seed=section.seed,
            among=[choice.written for choice in found] if section.composition == "quote" else None,
        )
        seen: set[str] = set()
        try:
            for written in stream(_timed(pieces, course)):
                sentence = cite.judged(written, given, self._judge)
                plain = " ".join(sentence.text.lower().split())
                if not plain:  # a marker by itself
                    continue
                if plain in seen or prompt.NOT_FOUND.lower() in plain:
                    return
                seen.add(plain)
                if sentence.verdict != "supported" or not sentence.citations:
                    course.withheld.append(sentence)
                    continue
                course.shown.append(sentence)
                course.first_sentence = course.first_sentence or course.elapsed()
                yield sentence
                if len(course.shown) >= section.sentences:
                    return
        finally:
            pieces.close()

    def _record(
        self,
        question: Question,
        routed: Triage,
        asked: Record,
        release: Release,
        course: _Course,
        hits: Sequence[Hit],
        given: Sequence[Hit],
        abstention: Abstention | None,
    ) -> Answer:
        status: Status = "abstained" if abstention else "answered"
        citations = cite.one_a_marker(course.shown, given)
        content = answered_content(
            asked, question, status, course.shown, course.withheld, citations, hits, release, abstention
        )
        receipt = _receipt(self._ledger.append("answered", content))
        return Answer(
            question=question.text,
            as_of=question.as_of,
            status=status,
            text=cite.text_of(course.shown),
            sentences=tuple(course.shown),
            withheld=len(course.withheld),
            abstention=abstention,
            citations=citations,
            hits=tuple(hits),
            triage=routed,
            timings=Timings(
                retrieve=course.retrieve,
                first_token=course.first_token,
                first_sentence=course.first_sentence,
                total=course.elapsed(),
            ),
            release=release,
            receipt=receipt,
        )

    def _failed(self, asked: Record, reason: str) -> Receipt | None:
        """Closes the record of a question that came to nothing; None where even that can't be written."""
        try:
            return _receipt(self._ledger.append("failed", {"asked": asked.id, "reason": reason}))
        except MunimentError:
            return None


def _checked(text: str, longest: int) -> str:
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


def _timed(pieces: Iterator[str], course: _Course) -> Iterator[str]:
    for piece in pieces:
        course.first_token = course.first_token or course.elapsed()
        yield piece


def _receipt(record: Record) -> Receipt:
    return Receipt(id=record.id, hash=record.hash)
