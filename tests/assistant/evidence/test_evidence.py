"""The gate's signals and its logistic curve, the prompt's budget and markers, citations merged one a marker."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import Gate, GeneratorSection, JudgeSection, Needed, Prompt
from assistant.evidence import abstain, cite, prompt
from assistant.evidence.compose import Composer, Composition
from assistant.evidence.support import OverlapJudge
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from assistant.retrieve import FusedOrder
from assistant.types import Document, Hit, Judgement, Landmark, Passage, Sentence

TEXT = "Gifts\nA gift is worth £75. It is refused above. Wine is a gift.\nFiles\nFiles are kept."


def hit(start: int, end: int, rank: int = 1, **found_by: float) -> Hit:
    document = Document(
        id="d-1",
        key="k",
        version="v",
        uri="rules/gifts.md",
        title="Gifts Policy",
        text=TEXT,
        text_sha256="t",
        landmarks=(
            Landmark(kind="page", start=0, end=50, label="3"),
            Landmark(kind="page", start=50, end=99, label="4"),
        ),
        collection="rules",
        reader="markdown/1",
        effective_from=date(2026, 7, 1),
    )
    passage = Passage(
        id=f"p{start}", document_id="d-1", start=start, end=end, text=TEXT[start:end], where="1 Gifts", page=9
    )
    return Hit(passage=passage, document=document, score=0.0, rank=rank, found_by={"rerank": 0.0, **found_by})


WHOLE = hit(0, len(TEXT))


class Deciding:
    """A judge that says what a test has decided, by sentence and passage text."""

    identity = "deciding"

    def __init__(self, *verdicts: Judgement) -> None:
        self.verdicts = verdicts

    def judge(self, sentence: str, passages: Sequence[str]) -> list[Judgement]:
        return list(self.verdicts[: len(passages)])


YES = Judgement(verdict="supported", score=0.7, start=0, end=5)
BETTER = Judgement(verdict="supported", score=0.9, start=1, end=3)
HALF = Judgement(verdict="partial", score=0.5)
NO = Judgement(verdict="unsupported", score=0.1)


# ------------------------------------------------------------------------------------------------ cite


@pytest.mark.parametrize(
    ("written", "verdicts", "markers", "verdict", "score"),
    [
        ("A gift. [1]", (YES, BETTER), [1], "supported", 0.7),
        ("A gift. [2] [1]", (YES, BETTER), [2, 1], "supported", 0.9),
        ("A gift. [1] [2]", (YES, NO), [1], "supported", 0.7),
        ("A gift. [2]", (YES, NO), [1], "supported", 0.7),
        ("A gift.", (YES, BETTER), [2], "supported", 0.9),
        ("A gift. [7]", (NO, YES), [2], "supported", 0.7),
        ("A gift. [1]", (HALF, NO), [], "partial", 0.5),
        ("A gift. [1]", (NO, NO), [], "unsupported", 0.1),
    ],
)
def test_only_supporting_passages_are_cited(
    written: str, verdicts: tuple[Judgement, ...], markers: list[int], verdict: str, score: float
) -> None:
    sentence = cite.judged(written, [hit(6, 40), hit(41, 60)], Deciding(*verdicts))
    assert sentence.text == "A gift."
    assert [c.marker for c in sentence.citations] == markers
    assert (sentence.verdict, sentence.score) == (verdict, score)


def test_without_text_or_passages_nothing_is_asked_and_nothing_supported() -> None:
    assert cite.judged("[1]", [WHOLE], Deciding(YES)).verdict == "unsupported"
    assert cite.judged("A gift.", [], Deciding(YES)).verdict == "unsupported"


def test_a_citation_is_the_judged_span_on_its_own_page() -> None:
    (citation,) = cite.judged(
        "Files. [1]", [hit(45, len(TEXT))], Deciding(Judgement(verdict="supported", score=1, start=10, end=15))
    ).citations
    assert (citation.start, citation.end, citation.quote) == (55, 60, TEXT[55:60])
    assert (citation.page, citation.where, citation.title) == (4, "1 Gifts", "Gifts Policy")


@given(spans=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(1, 2)), min_size=1, max_size=5))
def test_one_citation_a_marker_covers_all_its_spans(spans: list[tuple[int, int, int]]) -> None:
    evidence = [WHOLE, WHOLE]
    sentences = []
    for start, length, marker in spans:
        verdict = Judgement(verdict="supported", score=1.0, start=start, end=start + length)
        sentences.append(cite.judged(f"A gift. [{marker}]", evidence, Deciding(verdict, verdict)))
    merged = cite.one_a_marker(sentences, evidence)
    assert [c.marker for c in merged] == sorted({marker for _, _, marker in spans})
    for citation in merged:
        own = [(s, s + n) for s, n, marker in spans if marker == citation.marker]
        assert (citation.start, citation.end) == (min(s for s, _ in own), max(e for _, e in own))
        assert citation.quote == TEXT[citation.start : citation.end]


def test_the_text_says_each_marker_once() -> None:
    two = cite.judged("A gift. [2][1][2]", [WHOLE, WHOLE], Deciding(YES, YES))
    one = Sentence(text="Files are kept.", citations=two.citations[:1], verdict="supported", score=1.0)
    assert cite.text_of([two, one]) == "A gift. [2] [1] Files are kept. [2]"
    assert cite.text_of([]) == ""


# ---------------------------------------------------------------------------------------------- prompt


def words(text: str) -> int:
    return len(text.split())


@given(passages=st.integers(1, 5), tokens=st.integers(64, 100), count=st.integers(0, 7), weight=st.integers(1, 9))
def test_the_evidence_fits_its_budget_in_rank_order(passages: int, tokens: int, count: int, weight: int) -> None:
    hits = [hit(0, len(TEXT), rank) for rank in range(1, count + 1)]
    given_hits = prompt.evidence(hits, Prompt(passages=passages, tokens=tokens), lambda text: words(text) * weight)
    assert list(given_hits) == hits[: len(given_hits)]
    assert len(given_hits) <= passages
    assert bool(given_hits) == bool(hits)
    cost = sum(words(prompt.numbered(n, prompt.block(h, 160))) * weight for n, h in enumerate(given_hits, start=1))
    assert cost <= tokens or len(given_hits) == 1


def blocks(*hits: Hit) -> dict[int, prompt.Block]:
    return {marker: prompt.block(one, 160) for marker, one in enumerate(hits, start=1)}


@pytest.mark.parametrize("tuned", [False, True])
@pytest.mark.parametrize("composition", ["quote", "free"])
def test_only_the_last_message_changes_with_the_question(composition: str, tuned: bool) -> None:
    first = prompt.messages("Which gift?", blocks(hit(0, 30), hit(31, 60)), composition, tuned=tuned)
    second = prompt.messages("Which file?", blocks(hit(61, 70)), composition, tuned=tuned)
    assert first[:-1] == second[:-1]
    assert first[0].role == "system"
    assert [m.role for m in first[1:]] == ["user", "assistant"] * ((len(first) - 2) // 2) + ["user"]
    assert "[1] Gifts Policy › 1 Gifts\n" in first[-1].content
    assert "[2] Gifts Policy" in first[-1].content
    assert first[-1].content.endswith("Question: Which gift?")
    assert "d-1" not in first[-1].content


def test_a_tables_head_goes_with_its_rows() -> None:
    row = Passage(id="p", document_id="d-1", start=0, end=8, text="Wine | 1", where="1", context="Gift | Level")
    shown = prompt.numbered(
        3, *blocks(Hit(passage=row, document=WHOLE.document, score=0, rank=1, found_by={})).values()
    )
    assert shown == "[3] Gifts Policy › 1\nGift | Level\nWine | 1"


# ------------------------------------------------------------------------------------------------ gate


@given(
    intercept=st.floats(-1e6, 1e6),
    weight=st.floats(-1e6, 1e6),
    value=st.floats(-1e3, 1e3),
)
def test_confidence_is_a_probability_whatever_the_weights(intercept: float, weight: float, value: float) -> None:
    found = abstain.confidence({"coverage": value}, Gate(intercept=intercept, weights={"coverage": weight}))
    assert 0 <= found <= 1
    z = intercept + weight * value
    if abs(z) < 30:
        assert found == pytest.approx(1 / (1 + math.exp(-z)), rel=1e-6)


def composed(hits: Sequence[Hit], leaning: float = 1.0, best_sentence: float = 4.5) -> Composition:
    """A composition whose two signals are given."""

    class Given(Composition):
        best_sentence = 0.0

        def leaning(self) -> float:
            return leaning

    Given.best_sentence = best_sentence
    composer = Composer(
        generator=ScriptedGenerator(),
        judge=OverlapJudge(HashingEmbedder(), JudgeSection()),
        embedder=HashingEmbedder(),
        reranker=FusedOrder(),
        section=GeneratorSection(),
        prompt=Prompt(),
        needed=Needed(),
    )
    return Given(composer, "", tuple(hits), (), 0.0, (), lambda: 0.0)


def test_signals_are_those_that_are_known() -> None:
    hits = [hit(0, 40, 1, rerank=2.0, dense=0.3), hit(41, 60, 2, rerank=3.0, dense=0.8), hit(61, 70, 3, rerank=-1.0)]
    idf = {"gift": 1.0, "wine": 3.0}
    found = abstain.signals("Which gift is wine?", hits, composed(hits), lambda term: idf.get(term, 0.0))
    assert set(found) == set(abstain.SIGNALS) == set(abstain.signals("", [], composed([]), lambda term: 1.0))
    assert (found["leaning"], found["sentence"], found["relevance"], found["cosine"]) == (1.0, 4.5, 3.0, 0.8)
    assert found["coverage"] == pytest.approx(1.0)
    assert set(abstain.signals("Wine?", hits, composed(hits), lambda term: 1.0, ["coverage"])) == {"coverage"}


@given(st.text(max_size=30))
def test_signals_of_any_question_are_finite(text: str) -> None:
    found = abstain.signals(text, [WHOLE], composed([WHOLE]), lambda term: 1.0)
    assert all(math.isfinite(value) for value in found.values())
    assert 0 <= found["coverage"] <= 1


def test_what_was_looked_for_in_vain_is_told_in_the_askers_words() -> None:
    assert abstain.missing_terms("Is wine from “Bordeaux” a gift, or champagne?", [WHOLE]) == "Bordeaux, champagne"
    assert abstain.missing_terms("Wine gifts?", [WHOLE]) == ""
    assert abstain.missing_terms("Wine gifts?", []) == "Wine, gifts"
