"""What the generator chooses among: the best sentences of each passage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.config import JudgeSection
from assistant.evidence.quote import choices, closest
from assistant.evidence.sayable import sayable
from assistant.evidence.sentences import split_markers
from assistant.evidence.support import OverlapJudge
from assistant.models.twins import HashingEmbedder
from tests.world import MLRO, TODAY, World, ask, question


class InOrder:
    """The first text is the best."""

    identity = "in-order"

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        return -np.arange(len(texts), dtype=np.float32)


def test_choices_are_the_best_first_within_the_margin_and_marked(served: World) -> None:
    hits = ask(served.assistant(), question(principal=MLRO)).hits[:3]
    every = choices("gifts", hits, InOrder(), words=160)
    assert any(len(own) > 1 for own in every)
    for marker, (own, hit) in enumerate(zip(every, hits, strict=True), start=1):
        assert {choice.marker for choice in own} <= {marker}
        assert [choice.text for choice in own] == sayable(hit.passage, hit.document.title)
        assert [choice.score for choice in own] == sorted((choice.score for choice in own), reverse=True)
        assert all(split_markers(choice.written) == (choice.text, (choice.marker,)) for choice in own)
    longest = max(every, key=len)
    assert closest(longest, most=2, margin=99) == tuple(longest[:2])
    assert closest(longest, most=99, margin=0.5) == tuple(longest[:1])
    assert choices("gifts", [], InOrder(), words=160) == []


def test_what_may_be_said_of_the_world_is_supported_by_its_passage(served: World) -> None:
    """The composition by quotation never withholds its own words, and writes each choice as one sentence of the stream."""
    judge = OverlapJudge(HashingEmbedder(), JudgeSection())
    library = served.library()
    for document in library.documents(MLRO, TODAY):
        for each in library.current().passages:
            if each.document_id == document.id:
                for said in sayable(each, document.title):
                    (verdict,) = judge.judge(said, [each.text])
                    assert verdict.verdict == "supported", (said, verdict)
