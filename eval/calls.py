"""Telephone calls judged from outside, at the socket of a running gateway: delays of one caller, and a long call. `eval.crowd`
has many callers at once, and a line that is cut.

Every caller is a `Caller` in real time. A delay runs from the last voiced frame of what the caller said to the instant when the
reply *began to play*, or came where it has no sound. The command starts the gateway on a copy of the knowledge and its ledger:
``muniment eval calls``.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from assistant.record.ledger import SqliteLedger
from eval.caller import FRAME_SECONDS, MUTE, Caller, Clip, Said, dialled
from eval.usage import Usage

AIMS = {"acknowledged": 1.0, "text": 1.5, "sentence": 8.0}
"""Seconds from the end of a spoken question, for a caller who is alone."""
LONGEST = 120.0
"""Seconds after which a caller gives up; the call counts as hung."""
_READ_BACKS = 3
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The gateway under test: its addresses as signed, who signs, what its process has used, its ledger, its capacity."""

    url: str
    webhook: str
    sign: Callable[[str, Mapping[str, str] | None], Mapping[str, str]]
    usage: Callable[[], Usage]
    ledger: SqliteLedger
    calls: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What callers say. Without ``yes`` nothing that is read back is confirmed."""

    question: Clip
    yes: Clip | None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question: how it ended and its delays in seconds. ``sentence`` runs from the end of the last "yes" where the
    question was ``read_back``."""

    outcome: str
    heard: str
    read_back: int
    acknowledged: float | None
    text: float | None
    sentence: float | None


async def ask(caller: Caller, spoken: Spoken) -> Asked:
    """Says the question, says yes to read-backs, waits until the answer is complete and was played."""
    first = len(caller.said)
    asked_at = ended = await caller.speak(spoken.question)
    read_back, at = 0, first
    while True:
        reply = await caller.until("end", "read back", "again", "failed", "hand over", after=at, seconds=LONGEST)
        await caller.played(LONGEST)
        if reply is None or reply.kind != "read back" or spoken.yes is None or read_back == _READ_BACKS:
            break
        read_back, at = read_back + 1, len(caller.said)
        ended = await caller.speak(spoken.yes)
    said = caller.said[first:]
    understood = [one for one in said if one.kind == "question"]
    return Asked(
        outcome=_outcome(reply, said, caller.closed),
        heard=understood[-1].text if understood else "",
        read_back=read_back,
        acknowledged=_delay((one for one in said if one.kind not in MUTE), asked_at, heard=True),
        text=_delay((one for one in said if one.kind in ("question", "read back", "again")), asked_at, heard=False),
        sentence=_delay((one for one in said if one.kind == "sentence"), ended, heard=True),
    )


def _outcome(reply: Said | None, said: Sequence[Said], closed: bool) -> str:
    if reply is None:
        waited = any(one.kind == "waiting" for one in said)
        return "cut off" if closed else "kept waiting" if waited else "silence"
    if reply.kind == "end":
        return "answered" if any(one.kind == "sentence" for one in said) else "declined"
    return {"again": "not understood", "read back": "not confirmed", "hand over": "handed over"}.get(
        reply.kind, "failed"
    )


def _delay(said: Iterable[Said], since: float, *, heard: bool) -> float | None:
    times = [one.plays if heard and one.plays is not None else one.at for one in said if one.at >= since]
    return times[0] - since if times else None


async def alone(gateway: Gateway, spoken: Spoken, times: int, tell: Tell) -> dict[str, Any]:
    """The delays of a question that is the first of its call, nobody else on the line."""
    found, late = [], 0.0
    for number in range(times):
        async with dial(gateway, f"alone-{number}") as caller:
            await welcomed(caller)
            found.append(await ask(caller, spoken))
            late = max(late, caller.late)
        tell(f"alone {number + 1}/{times}: {found[-1]}")
    return {**delays(found, AIMS["sentence"]), "late": round(late, 3)}


def delays(found: Sequence[Asked], sentence: float) -> dict[str, Any]:
    """``sentence`` is the bound of the first sentence."""
    direct, confirmed = [a for a in found if not a.read_back], [a for a in found if a.read_back]
    return {
        "asked": len(found),
        "outcomes": dict(Counter(a.outcome for a in found)),
        "heard": dict(Counter(a.heard for a in found)),
        "acknowledged": spread((a.acknowledged for a in found), AIMS["acknowledged"]),
        "text": spread((a.text for a in found), AIMS["text"]),
        "sentence": spread((a.sentence for a in direct), sentence),
        "sentence_after_yes": spread((a.sentence for a in confirmed), sentence),
        "sentences": [None if a.sentence is None else round(a.sentence, 3) for a in found],
    }


def spread(values: Iterable[float | None], bound: float) -> dict[str, Any]:
    """``within``: how many of ``n`` keep to the bound. Values that are None never came and are not among ``n``."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return {"n": 0, "bound": bound}
    return {
        "n": len(known),
        "least": round(known[0], 3),
        "median": round(statistics.median(known), 3),
        "most": round(known[-1], 3),
        "bound": bound,
        "within": sum(value <= bound for value in known),
    }


async def long_call(
    gateway: Gateway, spoken: Spoken, seconds: float, tell: Tell, *, row: float = 60.0, every: float = 30.0
) -> dict[str, Any]:
    """One call in which the same question is asked every ``every`` seconds; work and memory of the gateway by ``row`` of
    seconds (a minute), full ones only. ``work``: processor seconds for a second of the call's sound."""
    rows: list[dict[str, Any]] = []
    found: list[Asked] = []
    async with dial(gateway, "long") as caller:
        await welcomed(caller)

        async def watch() -> None:
            used, sent, asked, began = gateway.usage(), caller.sent, 0, time.perf_counter()
            while len(rows) < int(seconds / row):
                await asyncio.sleep(max(0.0, began + (len(rows) + 1) * row - time.perf_counter()))
                now, sound = gateway.usage(), (caller.sent - sent) * FRAME_SECONDS
                rows.append(
                    {
                        "minute": len(rows) + 1,
                        "work": round((now.work - used.work) / max(FRAME_SECONDS, sound), 4),
                        "memory_mb": round(now.memory / 2**20, 1),
                        "answers": len(found) - asked,
                    }
                )
                tell(f"long call: {rows[-1]}")
                used, sent, asked = now, caller.sent, len(found)

        watching, began = asyncio.create_task(watch()), time.perf_counter()
        while time.perf_counter() - began < seconds and not caller.closed:
            found.append(await ask(caller, spoken))
            spent = time.perf_counter() - began
            await asyncio.sleep(max(0.0, min(seconds, math.ceil(spent / every) * every) - spent))
        if caller.closed:
            watching.cancel()
        await asyncio.wait([watching])
        if not watching.cancelled():
            watching.result()
    return {
        "seconds": round(caller.sent * FRAME_SECONDS, 1),
        "by_minute": rows,
        **_trend(rows),
        **delays(found, AIMS["sentence"]),
    }


def _trend(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Without the first minute, in which models warm up: the work of the second half as a share of the first half's, and
    the memory that came on top."""
    steady = rows[1:]
    half = len(steady) // 2
    if not half:
        return {"work_ratio": None, "memory_growth_mb": None}
    first, second = (statistics.mean(r["work"] for r in part) for part in (steady[:half], steady[-half:]))
    growth = steady[-1]["memory_mb"] - rows[0]["memory_mb"]
    return {"work_ratio": round(second / first, 3) if first else None, "memory_growth_mb": round(growth, 1)}


def dial(gateway: Gateway, call: str) -> AbstractAsyncContextManager[Caller]:
    return dialled(gateway.url, gateway.sign(gateway.url, None), call)


async def welcomed(caller: Caller) -> bool:
    """Hears the notice to its end; False where the call was refused."""
    first = await caller.until("notice", "busy", after=0, seconds=LONGEST)
    await caller.played(LONGEST)
    return first is not None and first.kind == "notice"
