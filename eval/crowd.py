"""Many calls at the same instant, a line that is cut, and whether the ledger closed them all. See `eval.calls`."""

from __future__ import annotations

import asyncio
import statistics
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import WebSocketException

from eval.calls import LONGEST, Asked, Gateway, Spoken, Tell, alone, ask, delays, dial, long_call, spread, welcomed

_KINDS = ("call", "asked", "answered", "failed")


async def crowd(gateway: Gateway, spoken: Spoken, count: int, times: int, tell: Tell) -> dict[str, Any]:
    """``count`` calls at the same instant. Delays are those of all that were accepted. ``spread``: the slowest call's median
    delay as a multiple of the fastest's."""
    began = gateway.usage()
    found = await asyncio.gather(*(_one_of_many(gateway, spoken, number, times, tell) for number in range(count)))
    accepted = [asked for _, asked, _, _ in found if asked]
    asked = [one for calls in accepted for one in calls]
    slow = [
        statistics.median(own) for calls in accepted if (own := [a.sentence for a in calls if a.sentence is not None])
    ]
    refusals = [seconds for how, _, seconds, _ in found if how.startswith("refused")]
    return {
        "calls": count,
        "capacity": gateway.calls,
        "stated_seconds": gateway.seconds,
        "ends": dict(Counter(how for how, _, _, _ in found)),
        "refused_after": spread(refusals, LONGEST),
        **delays(asked, gateway.seconds),
        "first_question": spread((calls[0].sentence for calls in accepted), gateway.seconds),
        "spread": round(max(slow) / min(slow), 2) if slow and min(slow) > 0 else None,
        "work": round(gateway.usage().work - began.work, 2),
        "late": round(max((late for _, _, _, late in found), default=0.0), 3),
    }


async def _one_of_many(
    gateway: Gateway, spoken: Spoken, number: int, times: int, tell: Tell
) -> tuple[str, list[Asked], float, float]:
    """How the call ended, its questions, when that was known (a refusal's last word), how late this end was."""
    began, asked, late = time.perf_counter(), list[Asked](), 0.0
    how = "hung"
    try:
        async with asyncio.timeout(LONGEST * (times + 1)):
            if not await asyncio.to_thread(_connects, gateway, f"crowd-{number}"):
                how = "refused by the webhook"
            else:
                async with dial(gateway, f"crowd-{number}") as caller:
                    if await welcomed(caller):
                        for _ in range(times):
                            asked.append(await ask(caller, spoken))
                        how = _end([a.outcome for a in asked])
                    elif any(one.kind == "busy" for one in caller.said):
                        how = "refused on the line"
                    late = caller.late
    except TimeoutError:
        how = "hung"
    except (OSError, WebSocketException) as error:
        how = f"failed: {type(error).__name__}"
    tell(f"crowd {number}: {how} {asked}")
    return how, asked, time.perf_counter() - began, late


def _end(outcomes: Sequence[str]) -> str:
    if {"silence", "cut off"} & set(outcomes):
        return "hung"
    return "kept waiting" if "kept waiting" in outcomes else "served"


def _connects(gateway: Gateway, call: str) -> bool:
    """What the provider does first: ask the webhook what to do with the call."""
    form = {"CallSid": call}
    request = urllib.request.Request(
        gateway.webhook, urlencode(form).encode(), dict(gateway.sign(gateway.webhook, form))
    )
    with urllib.request.urlopen(request, timeout=LONGEST) as answer:
        return "<Stream" in answer.read().decode("utf-8")


async def cut(gateway: Gateway, spoken: Spoken, tell: Tell) -> dict[str, Any]:
    """A line that goes dead while its question is being answered: is the record of the call closed, and how soon?"""
    async with dial(gateway, "cut") as caller:
        await welcomed(caller)
        first = len(caller.said)
        await caller.speak(spoken.question)
        reached = await caller.until("question", "read back", "again", "failed", after=first, seconds=LONGEST)
        caller.cut()
        began = time.perf_counter()
        while time.perf_counter() - began < LONGEST:
            ended = [
                c for _, c in gateway.ledger.contents("call") if c["call"] == caller.call and c["state"] == "ended"
            ]
            if ended:
                break
            await asyncio.sleep(0.1)
    found = {"cut_at": reached.kind if reached else "silence", "reason": ended[-1]["reason"] if ended else None}
    found["closed_after"] = round(time.perf_counter() - began, 2) if ended else None
    tell(f"cut: {found}")
    return found


async def closed(gateway: Gateway, before: frozenset[str]) -> dict[str, Any]:
    """Once everybody has hung up: is every call and every question of this run closed, and is the chain whole? ``before``:
    ids of the records that were there already."""

    def new(kind: str) -> list[dict[str, Any]]:
        return [{"id": one, **content} for one, content in gateway.ledger.contents(kind) if one not in before]

    began = time.perf_counter()
    while True:
        calls, asked = new("call"), {one["id"] for one in new("asked")}
        ends = {one["call"] for one in calls if one["state"] == "ended"}
        begun = {one["call"] for one in calls if one["state"] == "started"}
        answers = {one["asked"] for one in (*new("answered"), *new("failed"))}
        if (begun <= ends and asked <= answers) or time.perf_counter() - began > LONGEST:
            break
        await asyncio.sleep(0.2)
    return {
        "calls": len(begun),
        "calls_closed": len(begun & ends),
        "questions": len(asked),
        "questions_closed": len(asked & answers),
        "records_verified": gateway.ledger.verify(),
    }


async def measured(
    gateway: Gateway, spoken: Spoken, *, times: int, minutes: float, calls: int, tell: Tell
) -> dict[str, Any]:
    """Everything, one after the other; what has 0 is left out."""
    before = frozenset(record for kind in _KINDS for record, _ in gateway.ledger.contents(kind))
    found: dict[str, Any] = {"question_seconds": round(spoken.question.seconds, 2)}
    if times:
        found["alone"] = await alone(gateway, spoken, times, tell)
    if minutes:
        found["long_call"] = await long_call(gateway, spoken, minutes * 60, tell)
    if calls:
        found["crowd"] = await crowd(gateway, spoken, calls, 2, tell)
    found["cut"] = await cut(gateway, spoken, tell)
    found["ledger"] = await closed(gateway, before)
    return found
