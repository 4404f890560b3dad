"""The room's Gradio components, and which of its answers goes where. Every handler is private and asks `Room` who may."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.knowledge.html import ROOMS
from ui.knowledge.html_changes import RUNNING
from ui.knowledge.room import Room
from ui.parts import HIDDEN, own_html, visitor_of

EVENTS = {
    "sources": ("look", "fill_in", "describe"),
    "changes": ("look", "prepare", "publish"),
    "waiting": ("decide",),
    "snapshots": ("compare", "publish", "rollback"),
    "documents": ("open",),
    "search": ("search", "open"),
}


class RoomParts:
    """Made inside the page's left column; `wire` once all parts of the page are there."""

    def __init__(self) -> None:
        self.nav = own_html("rooms", "refresh", kind="rooms-bar")
        self.panels = {name: own_html(f"room-{name}", *EVENTS[name], kind="scroll room") for name in ROOMS}

    def wire(self, room: Room, bar: gr.HTML, document: gr.HTML, open_document: Any) -> None:
        """``bar`` sends "knowledge" when the view is opened; ``document`` is the panel beside."""
        nav, panels, ticker = self.nav, self.panels, gr.Timer(1.0, active=False)
        changes, names = panels["changes"], list(ROOMS)

        def ticking() -> gr.Timer:
            """To be asked before a panel is made: one that shows a job at work must be followed by another look."""
            return gr.Timer(active=room.releases.running())

        def followed(shown: str) -> tuple[str, gr.Timer]:
            """Another look follows where the panel shows a job at work; else what it says, or is being typed, stays."""
            return shown, gr.Timer(active=RUNNING in shown)

        def one(name: str, request: gr.Request) -> list[Any]:
            """That panel anew, the others as they are."""
            shown = room.panel(visitor_of(request), name)
            return [shown if each == name else gr.skip() for each in names]

        def arrive(event: gr.EventData, request: gr.Request) -> list[Any]:
            timer = ticking()
            return [room.nav(visitor_of(request)), *one(_name(event), request), timer]

        def refresh(event: gr.EventData, request: gr.Request) -> list[Any]:
            timer = ticking()
            return [*one(_name(event), request), timer]

        def tick(request: gr.Request) -> tuple[Any, ...]:
            """When the job has ended, the number of decisions to make may be another."""
            visitor, ended = visitor_of(request), not room.releases.running()
            return room.panel(visitor, "changes"), gr.Timer(active=not ended), room.nav(visitor) if ended else gr.skip()

        def look(request: gr.Request) -> tuple[str, gr.Timer]:
            return followed(room.releases.look(visitor_of(request)))

        def prepare(event: gr.EventData, request: gr.Request) -> tuple[str, gr.Timer]:
            return followed(room.releases.prepare(visitor_of(request), event._data))

        def publish_change(event: gr.EventData, request: gr.Request) -> str:
            return room.releases.publish(visitor_of(request), event._data, on="changes")

        def publish(event: gr.EventData, request: gr.Request) -> str:
            return room.releases.publish(visitor_of(request), event._data, on="snapshots")

        def rollback(event: gr.EventData, request: gr.Request) -> str:
            return room.releases.rollback(visitor_of(request), event._data)

        def compare(event: gr.EventData, request: gr.Request) -> str:
            return room.releases.compare(visitor_of(request), event._data)

        def fill_in(event: gr.EventData, request: gr.Request) -> str:
            return room.sources.fill_in(visitor_of(request), event._data)

        def describe(event: gr.EventData, request: gr.Request) -> str:
            return room.sources.describe(visitor_of(request), event._data)

        def decide(event: gr.EventData, request: gr.Request) -> tuple[str, str]:
            visitor = visitor_of(request)
            return room.sources.decide(visitor, event._data), room.nav(visitor)

        def search(event: gr.EventData, request: gr.Request) -> str:
            return room.shelf.find(visitor_of(request), event._data)

        everything = [panels[name] for name in names]
        bar.knowledge(arrive, None, [nav, *everything, ticker], **HIDDEN)
        nav.refresh(refresh, None, [*everything, ticker], **HIDDEN)
        ticker.tick(tick, None, [changes, ticker, nav], **HIDDEN)
        for component in (panels["sources"], changes):
            component.look(look, None, [changes, ticker], **HIDDEN)
        changes.prepare(prepare, None, [changes, ticker], **HIDDEN)
        changes.publish(publish_change, None, changes, **HIDDEN)
        panels["sources"].fill_in(fill_in, None, panels["sources"], **HIDDEN)
        panels["sources"].describe(describe, None, panels["sources"], **HIDDEN)
        panels["waiting"].decide(decide, None, [panels["waiting"], nav], **HIDDEN)
        panels["snapshots"].publish(publish, None, panels["snapshots"], **HIDDEN)
        panels["snapshots"].rollback(rollback, None, panels["snapshots"], **HIDDEN)
        panels["snapshots"].compare(compare, None, panels["snapshots"], **HIDDEN)
        panels["search"].search(search, None, panels["search"], **HIDDEN)
        for name in ("documents", "search"):
            panels[name].open(open_document, None, document, **HIDDEN)


def _name(event: gr.EventData) -> str:
    """Which panel a browser asked for; the first where it is none of them."""
    wanted = str(event._data.get("room", ""))
    return wanted if wanted in ROOMS else next(iter(ROOMS))
