from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Event, Failed, Finished, Progress, Retrieved
from tests.ui.values import TODAY, abstained, answer, hit, sentence
from ui.conversation import REMEMBERED_TURNS, Conversation, Exchange

EVENTS: st.SearchStrategy[Event] = st.sampled_from(
    [
        Progress(stage="search"),
        Retrieved(hits=(hit(1), hit(2))),
        sentence(),
        Finished(answer=answer()),
        Finished(answer=abstained()),
        Failed(message="no"),
    ]
)
ASKED = Exchange(question="q", as_of=TODAY)


@given(st.lists(EVENTS))
def test_an_exchange_ends_once_and_then_stays(events: list[Event]) -> None:
    exchange = ASKED
    ended: Exchange | None = None
    for event in events:
        exchange = exchange.after(event)
        assert ended is None or exchange is ended
        if not exchange.running:
            ended = ended or exchange
    assert exchange.running == (not any(isinstance(event, Finished | Failed) for event in events))


def test_history_holds_answers_only_and_not_too_many() -> None:
    conversation = Conversation(user="ann")
    events: list[Finished | Failed] = [Finished(answer=abstained()), Failed(message="no")]
    for event in (*events, *[Finished(answer=answer())] * 5):
        conversation = conversation.asking(ASKED.after(event))
    assert len(conversation.history()) == REMEMBERED_TURNS
    assert all(turn.answer == answer().text for turn in conversation.history())


def test_another_user_starts_with_nothing() -> None:
    mine = Conversation(user="ann", as_of=TODAY).asking(ASKED)
    assert mine.of("ann") is mine
    assert mine.of("tom") == Conversation(user="tom", as_of=TODAY)
