"""What the ledger keeps of an answer: what was said, withheld and found, by reference; enough to check it later."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.knowledge.catalogue import Catalogue
from assistant.models.twins import ScriptedGenerator
from assistant.record.ledger import SqliteLedger
from assistant.types import Answer
from tests.world import STAFF, TODAY, World, ask

REPLY = "Staff may accept a gift from a supplier worth up to £75. [1] The chairman likes sailing. [1]"


@pytest.fixture(scope="module")
def answer(served: World) -> Answer:
    return ask(served.assistant(ScriptedGenerator([REPLY]), generator={"composition": "free"}))


@pytest.fixture(scope="module")
def content(served: World, answer: Answer) -> dict[str, Any]:
    found = SqliteLedger(Catalogue.open_existing(served.data)).content(answer.receipt.id)
    assert found is not None
    return found


def test_what_was_withheld_is_on_record_and_what_was_said_can_be_checked(
    served: World, answer: Answer, content: dict[str, Any]
) -> None:
    assert [s["text"] for s in content["withheld"]] == ["The chairman likes sailing."]
    assert answer.withheld == 1
    (said,) = content["sentences"]
    document = served.library().document(said["spans"][0]["document"], STAFF)
    span = document.text[said["spans"][0]["start"] : said["spans"][0]["end"]]
    assert span == content["citations"][0]["quote"] == said["text"]
    assert content["as_of"] == TODAY.isoformat()


def test_passages_are_kept_by_reference_only(answer: Answer, content: dict[str, Any]) -> None:
    assert [h["passage"] for h in content["hits"]] == [hit.passage.id for hit in answer.hits]
    uncited = [hit for hit in answer.hits if hit.rank > 1 and "\n" in hit.passage.text]
    assert len(uncited) >= 3
    for hit in uncited:
        assert not any(line in str(content) for line in hit.passage.text.splitlines()[1:] if line)
    assert content["release"]["policy"] == answer.release.policy
