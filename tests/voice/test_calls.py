"""``eval calls`` on twins of the models: what the simulated telephone sees, and how it is judged. No delay is asserted."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from assistant.answer import Assistant
from assistant.config import Config
from assistant.errors import InputError, Unavailable
from assistant.voice import mulaw
from assistant.voice.values import RATE, Samples
from eval import calls, crowd
from eval.caller import FRAME_SECONDS, Caller, Said, clip_of
from eval.usage import usage_of
from tests.ui.project import assistant_of, make
from tests.voice.test_cli import run
from tests.voice.test_telephone import QUESTION, TOKEN
from tests.voice.test_telephone import Gateway as Running
from tests.voice.test_telephone import gateway as running
from ui import call, twilio
from ui.cli_calls import copied
from ui.telephone import ANSWER

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads what a process uses from /proc")


def tone(seconds: float) -> Samples:
    wave: Samples = (0.3 * np.sin(np.arange(int(RATE * seconds)) * 0.2)).astype(np.float32)
    return wave


SPOKEN = calls.Spoken(question=clip_of(tone(0.6)), yes=clip_of(tone(0.4)))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return make(tmp_path_factory.mktemp("calls"))


@pytest.fixture(scope="module")
def assistant(project: Config) -> Assistant:
    return assistant_of(project)


def under_test(made: Running) -> calls.Gateway:
    def sign(url: str, form: Mapping[str, str] | None) -> Mapping[str, str]:
        return {"X-Twilio-Signature": twilio.signature(TOKEN, url, form)}

    section = made.exchange.section
    return calls.Gateway(
        url=made.url,
        webhook=f"http://127.0.0.1:{made.port}{ANSWER}",
        sign=sign,
        usage=lambda: usage_of(os.getpid()),
        ledger=made.ledger,
        calls=section.calls,
        seconds=section.seconds,
    )


def quiet(line: str) -> None:
    pass


def test_a_clip_ends_with_its_last_voiced_frame() -> None:
    padded = np.concatenate((np.zeros(RATE), tone(0.5), np.zeros(RATE))).astype(np.float32)
    assert clip_of(padded).seconds == pytest.approx(0.5, abs=2 * FRAME_SECONDS)
    with pytest.raises(InputError, match="Nothing is to be heard"):
        clip_of(np.zeros(RATE, dtype=np.float32))


def test_all_measures_of_a_small_gateway(project: Config, assistant: Assistant) -> None:
    with running(project, assistant, QUESTION, calls=2) as made:
        found = asyncio.run(crowd.measured(under_test(made), SPOKEN, times=1, minutes=0, calls=5, tell=quiet))
    alone, many = found["alone"], found["crowd"]
    assert (alone["outcomes"], alone["heard"]) == ({"answered": 1}, {f"You asked: {QUESTION}": 1})
    assert [alone[name]["n"] for name in ("acknowledged", "text", "sentence", "sentence_after_yes")] == [1, 1, 1, 0]
    assert many["ends"]["served"] == 2
    assert many["ends"]["served"] + sum(n for how, n in many["ends"].items() if how.startswith("refused")) == 5
    assert many["outcomes"] == {"answered": 4}
    assert many["refused_after"]["n"] == 3
    assert found["cut"]["reason"] == "the line was cut"
    ledger = found["ledger"]
    assert ledger["calls"] == ledger["calls_closed"] == 4
    assert ledger["questions"] == ledger["questions_closed"]


def test_a_question_that_is_read_back_is_confirmed(project: Config, assistant: Assistant) -> None:
    with running(project, assistant, "Are complaint files kept for six/0.4 years?", "Yes.") as made:
        alone = asyncio.run(calls.alone(under_test(made), SPOKEN, 1, quiet))
    assert alone["outcomes"] == {"answered": 1}
    assert (alone["sentence"]["n"], alone["sentence_after_yes"]["n"]) == (0, 1)


def test_work_and_memory_row_by_row(project: Config, assistant: Assistant) -> None:
    with running(project, assistant, QUESTION) as made:
        found = asyncio.run(calls.long_call(under_test(made), SPOKEN, 6.0, quiet, row=1.5, every=3.0))
    rows = found["by_minute"]
    assert [row["minute"] for row in rows] == [1, 2, 3, 4]
    assert all(row["work"] > 0 and row["memory_mb"] > 0 for row in rows)
    assert found["asked"] == sum(found["outcomes"].values()) >= 1
    assert found["memory_growth_mb"] == pytest.approx(rows[-1]["memory_mb"] - rows[0]["memory_mb"], abs=0.1)


def test_the_end_of_a_turn_is_acknowledged_before_it_is_understood(project: Config, assistant: Assistant) -> None:
    async def one(made: Running) -> Caller:
        async with calls.dial(under_test(made), "ack") as caller:
            await calls.welcomed(caller)
            await calls.ask(caller, SPOKEN)
            return caller

    with running(project, assistant, QUESTION) as made:
        caller = asyncio.run(one(made))
    kinds = [one.kind for one in caller.said]
    assert kinds[0] == "notice"
    assert kinds[1:] == ["moment", "question", "sentence", "end"]


def test_a_caller_who_waits_is_told_so(project: Config) -> None:
    slow = assistant_of(project, hurried=False)  # 0.3 s a word

    async def one(made: Running) -> list[str]:
        async with calls.dial(under_test(made), "slow") as caller:
            await calls.welcomed(caller)
            await calls.ask(caller, SPOKEN)
            return [one.text for one in caller.said if one.kind == "waiting"]

    with running(project, slow, QUESTION, seconds=0.2) as made:
        assert call.WAITING in asyncio.run(one(made))


def test_a_refusal_is_said_and_the_line_closed(project: Config, assistant: Assistant) -> None:
    async def refused(made: Running) -> Caller:
        async with calls.dial(under_test(made), "busy") as caller:
            assert not await calls.welcomed(caller)
            while not caller.closed:
                await asyncio.sleep(FRAME_SECONDS)
            return caller

    with running(project, assistant, QUESTION) as made:
        made.exchange.calls |= {str(number) for number in range(99)}
        caller = asyncio.run(refused(made))
    assert [(one.kind, one.text) for one in caller.said] == [("busy", call.BUSY)]


class _Deaf:
    """A socket whose line is gone."""

    async def send(self, text: str) -> None:
        raise ConnectionClosed(None, None)

    async def recv(self) -> str:
        raise ConnectionClosed(None, None)


def test_nobody_waits_on_a_line_that_is_gone() -> None:
    async def one() -> tuple[bool, object]:
        caller = Caller(_Deaf(), "gone")  # type: ignore[arg-type]
        caller._tasks = [asyncio.create_task(caller._receive()), asyncio.create_task(caller._pace())]
        await caller.speak(SPOKEN.question)
        return caller.closed, await caller.until("end", after=0, seconds=60)

    assert asyncio.run(one()) == (True, None)


def test_sound_is_played_in_order_and_a_clear_drops_the_rest() -> None:
    caller = Caller(_Deaf(), "player")  # type: ignore[arg-type]

    def caption(kind: str) -> dict[str, object]:
        return {"event": "caption", "caption": {"kind": kind, "text": kind}}

    (message,) = twilio.media("s", np.zeros(320, dtype=np.float32))
    media = {"event": "media", "media": json.loads(message)["media"]}
    for body in (caption("moment"), media, media, {"event": "mark", "mark": {"name": "a"}}, caption("sentence"), media):
        caller._take(body, 100.0)
    assert [one.plays for one in caller.said] == [100.0, pytest.approx(100.0 + 2 * FRAME_SECONDS)]
    assert [one.whole for one in caller.said] == [True, False]
    caller._take({"event": "clear"}, 100.01)
    assert caller._plays_until == 100.01
    assert all(one.whole for one in caller.said)
    assert len(mulaw.encode(np.zeros(160, dtype=np.float32))) == 160


def test_measures_are_kept_on_a_copy(project: Config, tmp_path: Path) -> None:
    data = copied(project, tmp_path / "data")
    changed = project.model_copy(update={"paths": project.paths.model_copy(update={"data": data})})
    assert assistant_of(changed).library.snapshot_id == assistant_of(project).library.snapshot_id


def test_spread_counts_what_keeps_to_its_bound() -> None:
    assert calls.spread([None, 3.0, 1.0, 2.0], 2.0) == {
        "n": 3,
        "least": 1.0,
        "median": 2.0,
        "most": 3.0,
        "bound": 2.0,
        "within": 2,
    }
    assert calls.spread([None], 2.0) == {"n": 0, "bound": 2.0}


def test_delays_count_from_the_end_of_what_was_said() -> None:
    base = calls.Asked(outcome="answered", heard="q", read_back=0, acknowledged=0.5, text=1.0, sentence=9.0)
    again = dataclasses.replace(base, read_back=1, sentence=3.0)
    found = calls.delays([base, again], 8.0)
    assert (found["sentence"]["most"], found["sentence"]["within"]) == (9.0, 0)
    assert found["sentence_after_yes"]["within"] == 1


def test_the_first_minute_is_no_part_of_the_trend() -> None:
    rows = [
        {"work": w, "memory_mb": m} for w, m in ((9.0, 100.0), (1.0, 101.0), (1.0, 101.0), (2.0, 102.0), (2.0, 103.0))
    ]
    assert calls._trend(rows) == {"work_ratio": 2.0, "memory_growth_mb": 3.0}
    assert calls._trend(rows[:2]) == {"work_ratio": None, "memory_growth_mb": None}


def test_who_is_told_to_wait_is_not_hung() -> None:
    waiting = [Said(kind="moment", text="", at=1.0), Said(kind="waiting", text="", at=9.0)]
    assert calls._outcome(None, waiting, False) == "kept waiting"
    assert calls._outcome(None, waiting[:1], False) == "silence"
    assert calls._outcome(None, waiting, True) == "cut off"
    assert [crowd._end(["answered", how]) for how in ("declined", "kept waiting", "silence")] == [
        "served",
        "kept waiting",
        "hung",
    ]


def test_what_a_process_uses() -> None:
    assert usage_of(os.getpid()).memory > 2**20
    with pytest.raises(Unavailable, match="can't be read from /proc"):
        usage_of(2**30)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--voice", "parrot"], "No voice 'parrot' is installed"),
        (["--audio", "nowhere.wav"], "nowhere.wav can't be read"),
    ],
)
def test_what_is_wrong_is_one_line(project: Config, arguments: list[str], words: str) -> None:
    done = run("eval", "calls", *arguments, root=project.root)
    assert (done.returncode, done.stdout, len(done.stderr.strip().splitlines())) == (1, "", 1)
    assert words in done.stderr
