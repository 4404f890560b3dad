from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from assistant.types import Event, Progress
from ui.runs import Run, Runs


class Script:
    """A question at work: events one by one, each after ``go`` was given; remembers how it ended and on which threads."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.go = threading.Semaphore(0)
        self.closed = threading.Event()
        self.threads: set[int] = set()

    def ask(self) -> Iterator[Event]:
        try:
            for number in range(self.count):
                self.go.acquire()
                self.threads.add(threading.get_ident())
                yield Progress(stage=str(number))
        finally:
            self.threads.add(threading.get_ident())
            self.closed.set()


def test_events_come_in_order_with_beats_between_and_on_one_thread() -> None:
    script = Script(3)
    events = Run(script.ask).events(beat=0.01)
    assert next(events) is None
    script.go.release(3)
    assert [event.stage for event in events if isinstance(event, Progress)] == ["0", "1", "2"]
    assert script.closed.wait(2)
    assert len(script.threads) == 1


def test_closing_the_face_s_iterator_closes_the_assistant_s() -> None:
    script = Script(100)
    run = Run(script.ask)
    events = run.events(beat=0.01)
    script.go.release(1)
    assert next(events) == Progress(stage="0")
    events.close()  # type: ignore[attr-defined]  # a generator
    script.go.release(1)
    assert script.closed.wait(2)
    assert run.stopped


def test_stop_ends_the_events_at_once_though_the_model_is_still_busy() -> None:
    script = Script(1)
    runs = Runs()
    run = runs.start("page", script.ask)
    events = run.events(beat=60)
    threading.Timer(0.05, runs.stop, ["page"]).start()
    assert list(events) == []  # long before the beat: the stop itself wakes it
    script.go.release()
    assert script.closed.wait(2)


def test_a_page_has_one_run() -> None:
    first, second = Script(5), Script(0)
    runs = Runs()
    run = runs.start("page", first.ask)
    runs.start("page", second.ask)
    assert run.stopped
    first.go.release(5)
    assert first.closed.wait(2)


def test_a_bug_in_the_assistant_surfaces_in_the_face() -> None:
    def broken() -> Iterator[Event]:
        yield Progress(stage="search")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(Run(broken).events())
