"""The Gradio page: components, and which of `ui.ask.Desk`'s answers goes where. Its handlers are private to it.

Answers are HTML of our own (`ui.render`) in ``gr.HTML``; clicks come back as its custom events, see ``wire`` in
``ui/app.js``. Nothing about a visitor may stand in a component's initial value: Gradio sends those to everyone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from assistant.errors import AccessError, MunimentError
from ui import shell
from ui.ask import Desk, View
from ui.conversation import Conversation
from ui.knowledge.page import RoomParts
from ui.knowledge.room import Room
from ui.parts import HIDDEN, own_html, visitor_of

PLACEHOLDER = "Ask in your own words, in English"
WITH_HEARD = "(text, kept) => [text, kept, window.munimentHeard ? window.munimentHeard() : '']"
"""With the question goes what the microphone's script knows of how it was spoken."""
AT_ONCE = 16
"""Handlers of one kind at work together; the generator itself serves one question at a time."""


def create_page(desk: Desk, room: Room) -> gr.Blocks:
    with gr.Blocks(title=desk.config.server.title, analytics_enabled=False, fill_width=True) as page:
        kept = gr.State(None)
        bar = own_html("bar", "as_of", "library", "knowledge")
        with gr.Row(elem_id="desk", equal_height=True):
            with gr.Column(elem_id="left", min_width=0):
                talk = own_html("talk", "open", "example", "sources", "clear")
                library = own_html("library", "open")
                parts = RoomParts()
                box = gr.Textbox(
                    label="Your question",
                    show_label=False,
                    placeholder=PLACEHOLDER,
                    lines=1,
                    max_lines=6,
                    max_length=desk.config.limits.question_characters,
                    submit_btn=True,
                    autofocus=True,
                    elem_id="ask",
                )
            with gr.Column(elem_id="right", min_width=0):
                sources = own_html("sources", "open")
                heard = gr.Textbox(visible=False)
                document = own_html("document")
        timer = gr.Timer(1.0, active=desk.runtime.loading)
        open_document = _wire(page, desk, kept, bar, talk, library, box, heard, sources, document, timer)
        parts.wire(room, bar, document, open_document)
    page.queue(default_concurrency_limit=AT_ONCE, max_size=64)
    return page


def _wire(
    page: gr.Blocks,
    desk: Desk,
    kept: gr.State,
    bar: gr.HTML,
    talk: gr.HTML,
    library: gr.HTML,
    box: gr.Textbox,
    heard: gr.Textbox,
    sources: gr.HTML,
    document: gr.HTML,
    timer: gr.Timer,
) -> Any:
    """Returns the handler that opens a document, for other parts that do."""
    shown = [kept, talk, sources]

    def arrive(conversation: Conversation | None, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        try:
            own = desk.conversation(visitor, conversation)
            return *_shown(desk.view(visitor, own)), desk.bar(visitor, own), gr.Timer(active=desk.runtime.loading)
        except MunimentError as error:
            title = "Please choose who you are" if isinstance(error, AccessError) else "Not ready"
            users = desk.config.access.users if desk.config.access.mode == "demo" else ()
            lost = shell.bar_html(title=desk.config.server.title, users=users, user="", as_of=None, today=desk.today())
            return None, shell.message_html(title, str(error)), "", lost, gr.Timer(active=False)

    def ask(
        text: str, conversation: Conversation | None, records: str | None, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        if not text.strip():
            yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
            return
        visitor = visitor_of(request)
        own = desk.conversation(visitor, conversation)
        yield gr.skip(), gr.skip(), gr.skip(), gr.Textbox(value="", submit_btn=False, stop_btn=True)
        for view in desk.ask(visitor, own, text, (records or "").split()):
            yield *(_shown(view) if view else (gr.skip(), gr.skip(), gr.skip())), gr.skip()
        yield gr.skip(), gr.skip(), gr.skip(), gr.Textbox(submit_btn=True, stop_btn=False)

    def example(event: gr.EventData) -> str:
        return str(event._data.get("text", ""))

    def clear(conversation: Conversation | None, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        desk.stop(visitor)
        as_of = conversation.as_of if conversation else None
        fresh = Conversation(user=desk.conversation(visitor, None).user, as_of=as_of)
        return *_shown(desk.view(visitor, fresh)), ""

    def choose_day(event: gr.EventData, conversation: Conversation | None, request: gr.Request) -> tuple[Any, ...]:
        visitor = visitor_of(request)
        own = desk.as_of(desk.conversation(visitor, conversation), event._data.get("value"))
        view = desk.view(visitor, own)
        return own, view.talk, desk.bar(visitor, own), desk.library(visitor, own)

    def show_library(conversation: Conversation | None, request: gr.Request) -> str:
        visitor = visitor_of(request)
        return desk.library(visitor, desk.conversation(visitor, conversation))

    def show_sources(event: gr.EventData, conversation: Conversation | None, request: gr.Request) -> str:
        own = desk.conversation(visitor_of(request), conversation)
        return desk.sources(own, event._data.get("number", ""))

    def open_document(event: gr.EventData, request: gr.Request) -> str:
        return desk.document(visitor_of(request), event._data)

    def stop(request: gr.Request) -> None:
        desk.stop(visitor_of(request))

    page.load(arrive, kept, [*shown, bar, timer], **HIDDEN)
    timer.tick(arrive, kept, [*shown, bar, timer], **HIDDEN)
    asked = ([box, kept, heard], [*shown, box])
    box.submit(ask, *asked, js=WITH_HEARD, **HIDDEN)
    talk.example(example, None, box, **HIDDEN).then(ask, *asked, **HIDDEN)
    box.stop(stop, None, None, **HIDDEN)
    talk.clear(clear, kept, [*shown, document], **HIDDEN)
    talk.sources(show_sources, kept, sources, **HIDDEN)
    bar.as_of(choose_day, kept, [kept, talk, bar, library], **HIDDEN)
    bar.library(show_library, kept, library, **HIDDEN)
    for component in (talk, library, sources):
        component.open(open_document, None, document, **HIDDEN)
    return open_document


def _shown(view: View) -> tuple[Conversation, str, str]:
    return view.conversation, view.talk, view.sources


def theme() -> gr.Theme:
    """Fonts of the reader's own system; our style sheet does the rest."""
    return gr.themes.Base(font=["ui-sans-serif", "system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
