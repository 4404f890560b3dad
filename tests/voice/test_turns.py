"""Live speech: each stretch once, turns end, memory stays constant; the queue is fair, bounded and batched; calls decide."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import Transient
from assistant.voice import mulaw
from assistant.voice.queue import FULL, TranscriptionQueue
from assistant.voice.turns import Lull, SpeechStarted, Stretch, TurnEnded, Turns
from assistant.voice.twins import LevelDetector, ScriptedTranscriber
from assistant.voice.values import RATE, Heard, Hints, Samples
from assistant.voice.vocabulary import Vocabulary
from tests.voice.test_vocabulary import TERMS, transcript, words
from ui.call import AGAIN, Ask, Conversation, HandOver, ReadBack, SayAgain, wants_person


def speech(plan: Sequence[tuple[float, float]]) -> Samples:
    """(silence, sound) pairs in seconds, two seconds of silence after them."""
    parts = []
    for gap, length in plan:
        parts += [np.zeros(int(gap * RATE)), 0.3 * np.sin(np.arange(int(length * RATE)) * 0.2)]
    return np.concatenate([*parts, np.zeros(2 * RATE)]).astype(np.float32)


def live(samples: Samples, size: int = 1600) -> tuple[list[object], float]:
    turns, out, most = Turns(LevelDetector().open()), [], 0.0
    for at in range(0, len(samples), size):
        out += list(turns.feed(samples[at : at + size]))
        most = max(most, turns.held)
    return [*out, *turns.close()], most


@given(
    st.lists(
        st.tuples(st.sampled_from([0.2, 0.5, 1.2, 2.5]), st.sampled_from([0.4, 1.0, 3.0])), min_size=1, max_size=6
    ),
    st.sampled_from([320, 800, 1600, 7000]),
)
@settings(max_examples=30)
def test_every_stretch_once_and_every_turn_ends(plan: list[tuple[float, float]], size: int) -> None:
    events, _ = live(speech(plan), size)
    stretches = [event for event in events if isinstance(event, Stretch)]
    sound = sum(length for _, length in plan)
    heard = sum(len(one.samples) for one in stretches) / RATE
    assert sound - 0.2 <= heard <= sound + 1.2 * len(plan) + 0.6
    assert [s.start for s in stretches] == sorted(s.start for s in stretches)
    assert isinstance(events[0], SpeechStarted)
    assert isinstance(events[-1], TurnEnded)
    long_gaps = sum(gap > 1.0 for gap, _ in plan[1:])
    assert sum(isinstance(event, TurnEnded) for event in events) == 1 + long_gaps


@given(
    st.lists(st.tuples(st.sampled_from([0.3, 0.6, 1.2]), st.sampled_from([0.4, 1.0, 3.0])), min_size=1, max_size=3),
    st.sampled_from([320, 1600]),
)
@settings(max_examples=30)
def test_a_lull_tells_the_stretch_before_it_is_over(plan: list[tuple[float, float]], size: int) -> None:
    """Within the longest stretch: what is longer is cut where nobody could know it before."""
    events, _ = live(speech(plan), size)
    ends = [one for one in events if isinstance(one, Lull | Stretch)]
    for n, stretch in enumerate(ends):
        if isinstance(stretch, Stretch):
            lull = ends[n - 1]
            assert isinstance(lull, Lull)
            assert lull.stretch.same_sound(stretch)
            assert np.array_equal(lull.stretch.samples, stretch.samples)
            assert lull.stretch.voiced == stretch.voiced
    short = sum(0.2 < gap < 0.4 for gap, _ in plan[1:])  # a breath within a stretch: one lull more
    assert sum(isinstance(one, Lull) for one in ends) <= sum(isinstance(one, Stretch) for one in ends) + short


def test_ten_minutes_are_held_like_one() -> None:
    minute = speech([(1.0, 2.0), (1.0, 4.0)] * 7)
    _, one = live(minute)
    turns, most = Turns(LevelDetector().open()), 0.0
    for _ in range(10):
        for at in range(0, len(minute), 1600):
            list(turns.feed(minute[at : at + 1600]))
            most = max(most, turns.held)
    assert most <= one + 0.2
    assert most < 13


@given(st.lists(st.integers(1, 500), min_size=1, max_size=8))
def test_sound_upsampled_in_pieces_is_the_same(sizes: list[int]) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, sum(sizes)).astype(np.float32)
    pieces, at, upsampler = [], 0, mulaw.Upsampler()
    for size in sizes:
        pieces.append(upsampler.feed(samples[at : at + size]))
        at += size
    got, whole = np.concatenate(pieces), mulaw.to_wideband(samples)
    late = 32
    assert len(got) == 2 * len(samples)
    assert np.allclose(got[late:], whole[: len(got) - late][: len(got[late:])], atol=1e-5)


class Slow(ScriptedTranscriber):
    """Waits at a gate, so that a test decides when it works."""

    def __init__(self) -> None:
        super().__init__(["word"])
        self.go = threading.Event()
        self.order: list[int] = []

    def transcribe(self, clips: Sequence[Samples], hints: Hints | None = None) -> list[Heard]:
        assert self.go.wait(10)
        self.order += [len(clip) for clip in clips]
        return super().transcribe(clips, hints)


def clip(size: int) -> Samples:
    return np.zeros(size, dtype=np.float32)


def waiting_for_first(queue: TranscriptionQueue) -> None:
    for _ in range(1000):
        if queue.waiting == 0:
            return
        time.sleep(0.005)
    raise AssertionError


def test_the_queue_is_fair_and_batched() -> None:
    slow = Slow()
    queue = TranscriptionQueue(slow, waiting=20, batch=3)
    first = queue.submit("a", clip(1))
    waiting_for_first(queue)
    futures = [queue.submit("a", clip(size)) for size in (2, 3, 4)]
    futures += [queue.submit("b", clip(5)), queue.submit("c", clip(6))]
    slow.go.set()
    assert all(f.result(10).text == "word" for f in [first, *futures])
    assert slow.order == [1, 2, 5, 6, 3, 4] or slow.order[:4] == [1, 2, 5, 6]
    assert queue.batches[:2] == [1, 3]
    queue.close()


def test_what_is_offered_is_taken_only_where_nothing_else_is_to_be_done() -> None:
    slow = Slow()
    queue = TranscriptionQueue(slow, waiting=20)
    first = queue.offer("a", clip(1))
    assert first is not None
    waiting_for_first(queue)
    assert queue.offer("b", clip(2)) is None  # at work
    wanted = queue.submit("c", clip(3))
    slow.go.set()
    assert [future.result(10).text for future in (first, wanted)] == ["word", "word"]
    queue.close()
    assert slow.order == [1, 3]
    assert queue.offer("a", clip(1)) is None


def test_a_full_queue_refuses_and_a_gone_caller_leaves_room() -> None:
    slow = Slow()
    queue = TranscriptionQueue(slow, waiting=2)
    queue.submit("a", clip(1))
    waiting_for_first(queue)
    kept = [queue.submit("b", clip(2)), queue.submit("b", clip(3))]
    with pytest.raises(Transient, match=FULL[:20]):
        queue.submit("c", clip(4))
    queue.forget("b")
    assert all(future.cancelled() for future in kept)
    last = queue.submit("c", clip(4))
    slow.go.set()
    assert last.result(10).text == "word"
    assert slow.order == [1, 4]
    queue.close()
    with pytest.raises(Transient):
        queue.submit("a", clip(1))


def test_a_failure_reaches_who_waits_and_the_queue_goes_on() -> None:
    class Broken(ScriptedTranscriber):
        def transcribe(self, clips: Sequence[Samples], hints: Hints | None = None) -> list[Heard]:
            if len(clips[0]) == 1:
                raise ZeroDivisionError
            return super().transcribe(clips, hints)

    queue = TranscriptionQueue(Broken(["fine"]), waiting=5)
    with pytest.raises(ZeroDivisionError):
        queue.submit("a", clip(1)).result(10)
    assert queue.submit("a", clip(2)).result(10).text == "fine"
    queue.close()


def after(conversation: Conversation, text: str, vocabulary: Vocabulary = TERMS) -> tuple[Conversation, object]:
    return conversation.after(transcript(words(text, 0.99)), vocabulary, threshold=0.5)


def test_a_doubtful_figure_is_read_back_and_waits_for_yes() -> None:
    conversation, decision = after(Conversation(), "May I accept £15/0.4 from them?")
    assert isinstance(decision, ReadBack)
    assert decision.text == "I heard £15. Is that right?"
    conversation, decision = after(conversation, "Yes, please.")
    assert isinstance(decision, Ask)
    assert decision.question == "May I accept £15 from them?"
    assert [doubt.text for doubt in decision.confirmed] == ["£15"]
    assert conversation.pending == ""


@pytest.mark.parametrize(
    ("said", "kind"),
    [("No.", SayAgain), ("No, may I accept £50 from them?", Ask), ("no it is fifty/0.3", SayAgain), ("…", SayAgain)],
)
def test_what_is_not_a_yes(said: str, kind: type) -> None:
    conversation, _ = after(Conversation(), "May I accept £15/0.4 from them?")
    _, decision = after(conversation, said)
    assert isinstance(decision, kind)


def test_nothing_understood_asks_again() -> None:
    conversation, decision = after(Conversation(), "")
    assert decision == SayAgain(text=AGAIN)
    assert conversation == Conversation()


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("A person, please.", True),
        ("I want to talk to a human", True),
        ("Can you put me through to someone please", True),
        ("operator", True),
        ("How is a politically exposed person reviewed?", False),
        ("May a person accept gifts?", False),
        ("Which certified person signs?", False),
    ],
)
def test_a_person_please(said: str, wanted: bool) -> None:
    assert wants_person(said) is wanted
    _, decision = after(Conversation(), said)
    assert isinstance(decision, HandOver) is wanted


def test_history_is_short() -> None:
    conversation = Conversation()
    for number in range(6):
        conversation = conversation.answered(f"q{number}", "a")
    assert [turn.question for turn in conversation.history] == ["q3", "q4", "q5"]
