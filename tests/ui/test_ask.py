"""The page's handlers, on the real assistant, without Gradio."""

from __future__ import annotations

from datetime import date

import pytest

from assistant.answer import Assistant
from assistant.config import Config
from assistant.errors import AccessError
from assistant.types import Principal
from tests.ui.project import NOW, assistant_of, clock
from ui.ask import Desk, View, Visitor
from ui.auth import COOKIE, authenticator
from ui.conversation import Conversation
from ui.runtime import Runtime

ANN = Visitor(cookies={}, page="page-1")
MIA = Visitor(cookies={COOKIE: "mia"}, page="page-2")
STAFF = Principal(user="ann", groups=frozenset({"staff"}))
QUESTION = "How long are complaint files kept?"


@pytest.fixture
def desk(config: Config, runtime: Runtime) -> Desk:
    return Desk(config, runtime, authenticator(config.access), clock)


def asked(desk: Desk, visitor: Visitor, text: str, conversation: Conversation | None = None) -> list[View]:
    own = desk.conversation(visitor, conversation)
    return [view for view in desk.ask(visitor, own, text) if view is not None]


def test_sources_are_there_before_the_first_sentence(desk: Desk) -> None:
    views = asked(desk, ANN, QUESTION)
    first_source = next(number for number, view in enumerate(views) if "source-open" in view.sources)
    first_sentence = next(number for number, view in enumerate(views) if '"sentence"' in view.talk)
    assert first_source < first_sentence
    assert "six years" in views[-1].talk
    assert "Receipt" in views[-1].talk
    assert "six years" in views[-1].sources


def test_a_follow_up_carries_the_conversation(desk: Desk) -> None:
    before = asked(desk, ANN, QUESTION)[-1].conversation
    after = asked(desk, ANN, "And what about an acknowledgement?", before)[-1].conversation
    assert len(after.exchanges) == 2
    assert after.history()[0].question == QUESTION


def test_another_user_s_conversation_is_dropped(desk: Desk) -> None:
    hers = asked(desk, MIA, "Where does the handover of a suspicion report happen?")[-1]
    assert "violet cabinet" in hers.talk
    own = desk.conversation(ANN, hers.conversation)
    assert own.exchanges == ()
    assert "violet" not in desk.view(ANN, own).talk


def test_each_user_sees_their_own_library(desk: Desk, assistant: Assistant) -> None:
    fresh = Conversation(user="ann")
    assert "Suspicion Reports" not in desk.library(ANN, fresh)
    assert "Suspicion Reports" in desk.library(MIA, fresh)
    assert "Owner: Compliance" in desk.library(ANN, fresh)
    assert "There is no document you may read" in desk.library(Visitor(cookies={COOKIE: "nil"}, page="p"), fresh)
    secret = next(
        d for d in assistant.library.documents(Principal(user="mia", groups=frozenset({"mlro"}))) if "reports" in d.uri
    )
    place = {"document": secret.id, "start": "0", "end": "5"}
    assert "did not open" in desk.document(ANN, place)
    assert "violet" in desk.document(MIA, place)


@pytest.mark.parametrize(
    "place", [{}, {"start": "0"}, {"start": "x", "end": "y"}, {"start": "-5", "end": "3"}, {"start": "9", "end": "1e9"}]
)
def test_a_browser_may_send_anything(desk: Desk, assistant: Assistant, place: dict[str, object]) -> None:
    document = assistant.library.documents(STAFF)[0]
    assert "<mark" not in desk.document(ANN, {"document": document.id, **place})
    assert "did not open" in desk.document(ANN, {"document": "<b>", **place})


def test_the_rules_of_another_day(desk: Desk) -> None:
    today = Conversation(user="ann")
    past = desk.as_of(today, "2025-05-01")
    assert past.as_of == date(2025, 5, 1)
    assert "£40" in asked(desk, ANN, "Up to what worth may staff accept a gift?", past)[-1].talk
    assert "£75" in asked(desk, ANN, "Up to what worth may staff accept a gift?", today)[-1].talk
    for nothing in ("", "2025-13-40", None, NOW.date().isoformat()):
        assert desk.as_of(past, nothing).as_of is None


def test_an_abstention_shows_the_nearest_passages(weak: Config) -> None:
    runtime = Runtime(lambda: assistant_of(weak))
    runtime.future.result()
    last = asked(Desk(weak, runtime, authenticator(weak.access), clock), ANN, QUESTION)[-1]
    assert "Not in the documents" in last.talk
    assert "Nearest passages" in last.talk
    assert "Nearest passages" in last.sources


def test_stopping(desk: Desk) -> None:
    views = desk.ask(ANN, desk.conversation(ANN, None), QUESTION)
    next(views)
    next(views)
    desk.stop(ANN)
    rest = [view for view in views if view is not None]
    assert not rest[-1].conversation.exchanges[-1].running


def test_while_loading_and_for_nobody(config: Config) -> None:
    import threading

    go = threading.Event()

    def slow() -> Assistant:
        go.wait(5)
        return assistant_of(config)

    desk = Desk(config, Runtime(slow), authenticator(config.access), clock)
    fresh = desk.conversation(ANN, None)
    assert "Opening the documents" in desk.view(ANN, fresh).talk
    assert "still loading" in asked(desk, ANN, QUESTION)[-1].talk
    assert "still loading" in desk.library(ANN, fresh)
    go.set()
    with pytest.raises(AccessError):
        desk.conversation(Visitor(cookies={COOKIE: "no one"}, page="p"), None)
