"""The way of a question, held: laws 1 (every quote stands where it is said to stand), 5 (nothing without a verdict) and 8 (the
same question, the same answer)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant import answer as way
from assistant.answer import Assistant, Variant
from assistant.config import JudgeSection
from assistant.errors import MunimentError, Transient, Unavailable
from assistant.evidence import prompt
from assistant.evidence.compose import Composer
from assistant.evidence.support import OverlapJudge
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from assistant.protocols import Generator, Judge, Ledger, Message, Pieces, Record
from assistant.record.ledger import MemoryLedger, SqliteLedger
from assistant.release import Identities
from assistant.retrieve import FusedOrder
from assistant.types import (
    Answer,
    Failed,
    Finished,
    Judgement,
    Progress,
    Question,
    Retrieved,
    Sentence,
    Turn,
)
from tests.world import MLRO, QUESTION, STAFF, World, ask, clock, counted, failure, question

SUPPORTED = "Staff may accept a gift from a supplier worth up to £75."
ALSO = "A gift above the limit must be refused."
REPLIES = st.lists(
    st.sampled_from(
        [
            SUPPORTED,
            ALSO,
            "Complaint files are kept for six years.",
            "Staff may accept a gift from a supplier worth up to £85.",
            "Staff must accept a gift from a supplier worth up to £75.",
            "The chairman likes “a long walk on the beach”.",
            "It is 🌷 so.",
            "Wine and spirits – Approver: Head of Compliance.",
            "[2]",
            "?",
        ]
    ).flatmap(lambda text: st.sampled_from(["", " [1]", " [2]", " [1][3]", " [9]", " [0, 1]"]).map(text.__add__)),
    max_size=5,
).map(" ".join)


def free(reply: str, world: World, **more: Any) -> Assistant:
    return world.assistant(ScriptedGenerator([reply]), generator={"composition": "free", "sentences": 4}, **more)


class Watched:
    """A generator that tells whether it was asked, and whether it was closed before its end."""

    identity = "watched"

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces
        self.said = 0
        self.closed = False

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int,
        seed: int,
        among: Sequence[Sequence[str]] | None = None,
    ) -> Pieces:
        try:
            for piece in self.pieces:
                self.said += 1
                yield piece
        except GeneratorExit:
            self.closed = True
            raise

    def leaning(self, messages: Sequence[Message], these: Sequence[str], that: str) -> float:
        return 0.0

    def count_tokens(self, text: str) -> int:
        return len(text.split())


class Absent:
    """A judge that is not there."""

    identity = "absent"

    def judge(self, sentence: str, passages: Sequence[str]) -> list[Judgement]:
        raise Unavailable("The judge is not installed; pull it.")


class Failing(MemoryLedger):
    """A ledger that can't be written from its ``good``-th record on."""

    def __init__(self, good: int, error: type[MunimentError]) -> None:
        super().__init__(clock)
        self._good = good
        self._error = error

    def append(self, kind: str, content: Mapping[str, Any]) -> Record:
        if len(self.records) >= self._good:
            raise self._error("The ledger can't be written.")
        return super().append(kind, content)


def assembled(
    world: World, *, generator: Generator | None = None, judge: Judge | None = None, ledger: Ledger | None = None
) -> Assistant:
    """By hand, for parts that `build` would not choose; free composition."""
    config = world.config
    section = config.generator.model_copy(update={"composition": "free"})
    composer = Composer(
        generator=generator or ScriptedGenerator([f"{SUPPORTED} [1]"]),
        judge=judge or OverlapJudge(HashingEmbedder(), JudgeSection()),
        embedder=HashingEmbedder(),
        reranker=FusedOrder(),
        section=section,
        prompt=config.prompt,
        needed=config.needed,
    )
    return Assistant(
        config=config.model_copy(update={"generator": section}),
        library=world.library(),
        variants={None: Variant(composer=composer, identities=Identities(models={}, adapter=None, settings={}))},
        ledger=ledger or MemoryLedger(clock),
        clock=clock,
    )


# -------------------------------------------------------------------------------------------- laws 1 and 5


@settings(max_examples=40)
@given(reply=REPLIES, principal=st.sampled_from([STAFF, MLRO]))
def test_whatever_the_model_writes_only_supported_sentences_with_true_quotes_are_shown(
    served: World, reply: str, principal: Any
) -> None:
    assistant = free(reply, served)
    events = list(assistant.ask(question(principal=principal)))
    finished = events[-1]
    assert isinstance(finished, Finished)
    answer = finished.answer
    shown = [event for event in events if isinstance(event, Sentence)]
    assert tuple(shown) == answer.sentences
    assert (answer.status == "answered") == bool(shown)
    assert (answer.abstention is None) == bool(shown)
    documents = assistant.library.current().documents
    judge = OverlapJudge(HashingEmbedder(), JudgeSection())
    by_marker = dict(enumerate(answer.hits, start=1))
    for sentence in shown:
        assert sentence.verdict == "supported"
        assert sentence.citations
        for citation in sentence.citations:
            passage = by_marker[citation.marker].passage
            assert passage.start <= citation.start < citation.end <= passage.end
            (again,) = judge.judge(sentence.text, [passage.text])
            assert again.verdict == "supported"
    for citation in (*answer.citations, *(c for s in shown for c in s.citations)):
        document = documents[citation.document_id]
        assert citation.quote == document.text[citation.start : citation.end]
        assert (citation.version, citation.text_sha256) == (document.version, document.text_sha256)
        assert (citation.title, citation.uri, citation.reader) == (document.title, document.uri, document.reader)
    for hit in answer.hits:
        assert hit.document.text[hit.passage.start : hit.passage.end] == hit.passage.text
    assert {c.marker for c in answer.citations} == {c.marker for s in shown for c in s.citations}
    assert all(f"[{c.marker}]" in answer.text for c in answer.citations)


@pytest.mark.parametrize("text", [QUESTION, "How long are complaint files kept?", "Who approves flowers 🌷?"])
def test_by_quotation_every_sentence_stands_in_its_passage(served: World, text: str) -> None:
    answer = ask(served.assistant(ScriptedGenerator(choose=3)), question(text))
    assert answer.status == "answered"
    assert answer.withheld == 0
    hits = dict(enumerate(answer.hits, start=1))
    for sentence in answer.sentences:
        for citation in sentence.citations:
            plain = " ".join(hits[citation.marker].passage.text.split())
            assert " – " in sentence.text or sentence.text in plain


def test_a_quotation_of_two_sentences_is_shown_whole_and_both_are_cited(served: World) -> None:
    answer = ask(served.assistant(), question("How long are complaint files kept?"))
    assert [s.text for s in answer.sentences] == [
        "Complaint files are kept for six years.",
        "They are then destroyed unless a court has asked for them.",
    ]
    assert {c.marker for s in answer.sentences for c in s.citations} == {1}
    assert "six years. They are" in answer.citations[0].quote


def test_a_judge_that_is_not_there_fails_and_shows_nothing(served: World) -> None:
    ledger = MemoryLedger(clock)
    events = list(assembled(served, judge=Absent(), ledger=ledger).ask(question()))
    failed = failure(events)
    assert failed.message == "The judge is not installed; pull it."
    assert not any(isinstance(event, Sentence) for event in events)
    assert [r.kind for r in ledger.records] == ["asked", "failed"]
    assert failed.receipt is not None
    assert failed.receipt.id == ledger.records[-1].id


def test_what_is_not_supported_is_withheld_and_counted(served: World) -> None:
    answer = ask(free("Staff may accept a gift worth up to £900. [1] The chairman likes sailing. [2]", served))
    assert (answer.status, answer.text, answer.sentences, answer.citations) == ("abstained", "", (), ())
    assert answer.withheld == 2
    assert answer.abstention is not None
    assert answer.abstention.reason == way.NOT_SUPPORTED
    assert answer.hits


def test_one_true_sentence_among_others_is_shown_alone(served: World) -> None:
    answer = ask(free(f"The chairman likes sailing. [1] {SUPPORTED} [1]", served))
    assert answer.text == f"{SUPPORTED} [1]"
    assert answer.withheld == 1
    assert answer.abstention is None


@pytest.mark.parametrize("reply", ["", prompt.NOT_FOUND, f"{prompt.NOT_FOUND}. {SUPPORTED}", "[1]"])
def test_a_model_that_finds_nothing_abstains(served: World, reply: str) -> None:
    answer = ask(free(reply, served))
    assert (answer.status, answer.withheld) == ("abstained", 0)
    assert answer.abstention is not None
    assert answer.abstention.reason == way.NOT_FOUND


def test_a_missing_or_wrong_marker_is_mended_by_the_judge(served: World) -> None:
    for reply in (SUPPORTED, f"{SUPPORTED} [4]", f"{SUPPORTED} [77]"):
        answer = ask(free(reply, served))
        assert answer.text == f"{SUPPORTED} [1]"
        assert SUPPORTED in answer.citations[0].quote


def test_the_gate_keeps_the_generator_silent(served: World) -> None:
    generator = Watched(SUPPORTED)
    answer = ask(served.assistant(generator, gate={"threshold": 1.0}))
    assert (answer.status, generator.said) == ("abstained", 0)
    assert answer.abstention is not None
    assert answer.abstention.reason == way.TOO_WEAK
    assert answer.timings.first_token is None


class Reading(ScriptedGenerator):
    """Says yes to passages with a given word, no to others, and remembers what it was asked."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word
        self.asked: list[str] = []

    def leaning(self, messages: Sequence[Message], these: Sequence[str], that: str) -> float:
        assert (*these, that) == ("Yes", "No")
        self.asked.append(messages[-1].content)
        return 9.0 if self.word in messages[-1].content else -9.0


def test_the_gate_asks_its_adapter_whether_the_surest_passage_answers(served: World) -> None:
    gate = {"threshold": 0.5, "weights": {"answerable": 1.0}, "adapter": Path("weights/gate")}
    asked = question("How long are complaint files kept?")
    answered = ask(served.assistant(reader=(yes := Reading("six years")), gate=gate), asked)
    assert answered.status == "answered"
    declined = ask(served.assistant(reader=Reading("sixteen years"), gate=gate), asked)
    assert declined.abstention is not None
    assert declined.abstention.reason == way.TOO_WEAK
    assert "Complaint files are kept for six years" in yes.asked[-1]
    assert yes.asked[-1].endswith("Question: How long are complaint files kept?")
    assert answered.release.models["gate"] == yes.identity
    assert "gate" not in ask(served.assistant(), asked).release.models


def test_what_a_passage_is_known_to_answer_decides_which_is_needed(world: World) -> None:
    known = {"question": "When are complaint papers burnt?", "document": "complaints.md", "section": "2"}
    world.know(known)
    world.ingest()
    asked = question("What happens to the letter of a complaint in the end?")

    class Like(FusedOrder):
        """Says how a question and the known one compare."""

        def __init__(self, said: float) -> None:
            self.said = said

        def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.array([self.said if text == known["question"] else 0 for text in texts], dtype=np.float32)

    def surest(said: float) -> tuple[str, float]:
        assistant = world.assistant(reranker=Like(said), needed={"weights": {"known": 1.0}, "unknown": -1.0})
        hits = ask(assistant, asked).hits
        composition = assistant.composer.about(asked.text, asked.text, hits, lambda: 0.0)
        first = next(composition.sentences()).citations[0]
        return first.where.split(" › ")[-1], composition.surest

    assert surest(9.0) == ("2 Files", 9.0)
    place, odds = surest(-9.0)
    assert place != "2 Files"
    assert odds == -1.0, "of that passage no question is known"


def test_a_model_that_repeats_itself_is_stopped(served: World) -> None:
    generator = Watched(f"{SUPPORTED} [1] ", f"{SUPPORTED} [1] ", f"{ALSO} [1] ", f"{ALSO} [1]")
    answer = ask(assembled(served, generator=generator))
    assert answer.text == f"{SUPPORTED} [1]"
    assert generator.closed


def test_there_are_no_more_sentences_than_configured(served: World) -> None:
    many = f"{SUPPORTED} [1] {ALSO} [1] It must be recorded in the register within five working days. [1]"
    assistant = served.assistant(ScriptedGenerator([many]), generator={"composition": "free", "sentences": 2})
    assert len(ask(assistant).sentences) == 2


def test_warming_changes_no_answer_and_leaves_no_record(served: World) -> None:
    ledger = MemoryLedger(clock)
    warmed = assembled(served, ledger=ledger)
    warmed.warm()
    assert not ledger.contents
    assert ask(warmed).text == ask(assembled(served)).text


# ----------------------------------------------------------------------------------------- events and record


def test_sources_come_before_the_first_sentence_and_one_end_comes_last(served: World) -> None:
    events = list(served.assistant().ask(question()))
    kinds = [type(event) for event in events]
    assert kinds == [Progress, Retrieved, Progress, Progress, Sentence, Finished]
    assert [event.stage for event in events if isinstance(event, Progress)] == ["search", "read", "write"]


def test_a_superseded_text_is_cited_with_saying_so(served: World) -> None:
    then = ask(served.assistant(), question(as_of=date(2025, 1, 1)))
    assert then.citations[0].uri.endswith("gifts-2024.md")
    assert then.notices == ("This text of Gifts Policy was superseded by another version on 1 July 2026.",)
    assert ask(served.assistant(), question()).notices == ()


def test_an_asker_who_goes_away_stops_the_model_and_is_on_record(served: World) -> None:
    generator, ledger = Watched(f"{SUPPORTED} [1] ", f"{ALSO} [1] ", "More. ", "And more."), MemoryLedger(clock)
    events = assembled(served, generator=generator, ledger=ledger).ask(question())
    while not isinstance(next(events), Sentence):
        pass
    events.close()
    assert generator.closed
    assert generator.said < 4
    assert [r.kind for r in ledger.records] == ["asked", "failed"]
    assert ledger.verify() == 2


def test_an_answer_is_on_record_with_what_it_said(world: World) -> None:
    answer = ask(world.assistant(), question(history=(Turn(question="Before?", answer="Yes."),)))
    ledger = SqliteLedger(world.catalogue)
    content = ledger.content(answer.receipt.id)
    assert content is not None
    assert content["status"] == "answered"
    assert [s["text"] for s in content["sentences"]] == [s.text for s in answer.sentences]
    assert content["release"]["snapshot"] == answer.release.snapshot
    asked = ledger.content(content["asked"])
    assert asked is not None
    assert (asked["question"], asked["user"], asked["groups"]) == (QUESTION, "ann", ["staff"])
    assert asked["history"] == [{"question": "Before?", "answer": "Yes."}]
    assert ledger.verify(answer.receipt.hash) >= 2


@pytest.mark.parametrize("error", [Unavailable, Transient])
@pytest.mark.parametrize("good", [0, 1])
def test_a_ledger_that_cant_be_written_refuses(served: World, good: int, error: type[MunimentError]) -> None:
    generator = Watched(f"{SUPPORTED} [1]")
    events = list(assembled(served, generator=generator, ledger=Failing(good, error)).ask(question()))
    failed = failure(events)
    assert (failed.message, failed.receipt) == ("The ledger can't be written.", None)
    assert generator.said == good
    assert len(events) == 1 or good


def test_without_knowledge_the_question_fails_on_record(world: World) -> None:
    assistant = world.assistant()
    (world.data / "current").unlink()
    failed = failure(list(assistant.ask(question())))
    assert "run `muniment ingest`" in failed.message
    assert failed.receipt is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), (" \n\t ", "empty"), ("\x00", "empty"), ("x" * 2001, "2,001 characters; shorten it to 2,000")],
)
def test_a_question_that_is_none_is_refused_in_one_sentence(served: World, text: str, said: str) -> None:
    (failed,) = served.assistant().ask(question(text))
    assert isinstance(failed, Failed)
    assert said in failed.message
    assert failed.receipt is None


@settings(max_examples=25)
@given(
    text=st.text(alphabet=st.characters(codec=None), min_size=1, max_size=20),
    said=st.text(alphabet=st.characters(codec=None), max_size=5),
)
def test_any_text_is_a_question_or_is_refused(served: World, text: str, said: str) -> None:
    """Lone surrogates, controls, scripts that have no term in the index: never a traceback."""
    events = list(served.assistant().ask(question(text, history=(Turn(question=said, answer=said),))))
    assert isinstance(events[-1], Finished | Failed)
    if isinstance(events[-1], Finished):
        events[-1].answer.question.encode("utf-8")


# ------------------------------------------------------------------------------------------------- law 8


def repeatable(answer: Answer) -> Answer:
    return replace(
        answer, timings=replace(answer.timings, retrieve=0.0, first_token=None, first_sentence=None, total=0.0)
    )


@settings(max_examples=5)
@given(reply=REPLIES)
def test_same_question_same_answer_same_receipt(
    pristine: World, tmp_path_factory: pytest.TempPathFactory, reply: str
) -> None:
    """Clock and ids are given, so that even the ledger's hashes agree."""
    runs = []
    for _ in range(2):
        assistant = free(reply, pristine.copy(tmp_path_factory.mktemp("twice")), ids=counted())
        runs.append([repeatable(ask(assistant, asked)) for asked in (question(), question("Who approves wine?", MLRO))])
    assert runs[0] == runs[1]
    assert runs[0][0].receipt.id == "id-0004"


def test_the_release_names_what_changes_answers_and_nothing_else(served: World) -> None:
    first = served.assistant().release()
    assert served.assistant().release() == first
    assert served.assistant(generator={"seed": 1}).release().id != first.id
    assert served.assistant(server={"port": 1}).release() == first
    assert served.assistant(ScriptedGenerator(["else"])).release().id != first.id
    assert first.snapshot == served.library().snapshot_id
    assert set(first.models) == {"encoder", "reranker", "generator", "judge", "prompt"}


def test_a_follow_up_takes_the_question_before_with_it(served: World) -> None:
    before = Turn(question="How long are complaint files kept?", answer="Six years.")
    asked: Question = question("And then?", history=(before,))
    answer = ask(served.assistant(), asked)
    assert answer.hits[0].passage.where == "2 Files"
    assert answer.question == "And then?"
