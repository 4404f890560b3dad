"""Every `Judge`: one judgement a passage, in order, its span inside that passage; what it can't decide is not supported."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.config import JudgeSection
from assistant.evidence.support import OverlapJudge, TrainedJudge
from assistant.models.twins import HashingEmbedder
from assistant.protocols import Judge
from tests import tiny

PASSAGES = (
    "1 Limits\nStaff may accept a gift worth up to £75. A gift above the limit must be refused.",
    "Complaint files are kept for six years. They are then destroyed.",
    "| Gift | Approver |\n| Wine | Head of Compliance |",
)
ODD = st.text(alphabet='aé£7 .\n|[]?’"🌷', max_size=40)


@pytest.fixture(scope="module", params=["overlap", "trained"])
def judge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    if request.param == "overlap":
        return OverlapJudge(HashingEmbedder(), JudgeSection())
    from assistant.models.judge import SupportEncoder, counter
    from assistant.models.rerank import CrossEncoder

    base = tiny.encoder(tmp_path_factory.mktemp("judge") / "encoder")
    model = CrossEncoder.fresh(base, layers=1)
    return TrainedJudge(SupportEncoder(model, counter(base), temperature=1.0, shift=0.0, supported=0.5), JudgeSection())


def test_what_a_passage_says_is_supported_by_it_alone(judge: Judge) -> None:
    said = "Complaint files are kept for six years."
    verdicts = judge.judge(said, PASSAGES)
    assert [v.verdict == "supported" for v in verdicts] == [False, True, False]
    assert said in PASSAGES[1][verdicts[1].start : verdicts[1].end]
    assert judge.identity


def test_what_no_passage_says_is_supported_by_none(judge: Judge) -> None:
    for sentence in ("The chairman likes sailing.", "", "?!", "the of and"):
        assert all(v.verdict != "supported" for v in judge.judge(sentence, PASSAGES))


def test_no_passages_no_judgements(judge: Judge) -> None:
    assert judge.judge("Complaint files are kept for six years.", []) == []


@settings(max_examples=60)
@given(sentence=ODD, passages=st.lists(ODD, max_size=4))
def test_one_judgement_a_passage_with_its_span_inside(judge: Judge, sentence: str, passages: list[str]) -> None:
    verdicts = judge.judge(sentence, passages)
    assert len(verdicts) == len(passages)
    for verdict, passage in zip(verdicts, passages, strict=True):
        assert 0 <= verdict.start <= verdict.end <= len(passage)
        assert 0 <= verdict.score <= 1 + 1e-6
        assert verdict.verdict != "supported" or passage[verdict.start : verdict.end].strip()
    assert judge.judge(sentence, passages) == verdicts


@settings(max_examples=30)
@given(order=st.permutations(PASSAGES))
def test_a_judgement_is_its_passages_own(judge: Judge, order: list[str]) -> None:
    said = "Staff may accept a gift worth up to £75."
    assert dict(zip(order, judge.judge(said, order), strict=True)) == dict(
        zip(PASSAGES, judge.judge(said, PASSAGES), strict=True)
    )
