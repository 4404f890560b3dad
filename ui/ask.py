"""What the page's handlers do, without Gradio: values and HTML out. `ui.app` wires them to components."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from assistant.config import Config
from assistant.errors import InputError, MunimentError
from assistant.protocols import Authenticator
from assistant.types import Failed, Principal, Question, Spoken
from ui import render, shell
from ui.auth import may_manage
from ui.conversation import Conversation, Exchange
from ui.marks import Span
from ui.pages import owner_of, sheet_for
from ui.runs import Runs
from ui.runtime import Runtime

Heard = Callable[[Sequence[str], Principal], tuple[Spoken, ...]]
"""What a person's own records of hearings say, by their ids."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who sent a request: cookies of the browser, and the page (one load of it) that it came from."""

    cookies: Mapping[str, str]
    page: str


@dataclass(frozen=True, kw_only=True)
class View:
    """What the page shows after an event."""

    conversation: Conversation
    talk: str
    sources: str


class Desk:
    """One for the whole program. Each call asks the authenticator anew and knows nothing of former visitors."""

    def __init__(
        self,
        config: Config,
        runtime: Runtime,
        authenticator: Authenticator,
        clock: Callable[[], datetime],
        heard: Heard | None = None,
    ) -> None:
        self.config = config
        self.runtime = runtime
        self.runs = Runs()
        self._authenticator = authenticator
        self._clock = clock
        self._heard = heard

    def today(self) -> date:
        return self._clock().date()

    def conversation(self, visitor: Visitor, kept: Conversation | None) -> Conversation:
        """The visitor's own: what another user left on the page is dropped."""
        user = self._principal(visitor).user
        return kept.of(user) if kept else Conversation(user=user)

    def view(self, visitor: Visitor, conversation: Conversation) -> View:
        if conversation.exchanges:
            talk = render.conversation_html(conversation)
        else:
            talk = shell.welcome_html(self.config.server.examples, self._documents(visitor, conversation))
        last = conversation.exchanges[-1] if conversation.exchanges else None
        return View(
            conversation=conversation, talk=talk, sources=render.sources_html(last, self.config.prompt.passages)
        )

    def bar(self, visitor: Visitor, conversation: Conversation) -> str:
        access, principal = self.config.access, self._principal(visitor)
        return shell.bar_html(
            title=self.config.server.title,
            users=access.users if access.mode == "demo" else (),
            user=principal.user,
            as_of=conversation.as_of,
            today=self.today(),
            manager=may_manage(principal, access),
        )

    def ask(
        self, visitor: Visitor, conversation: Conversation, text: str, heard: Sequence[str] = ()
    ) -> Iterator[View | None]:
        """A view after each event; None where nothing is new. Closing the iterator stops the assistant. ``heard``: records of
        what the question was made of, where it was spoken."""
        principal = self._principal(visitor)
        exchange = Exchange(question=" ".join(text.split()), as_of=conversation.as_of or self.today())
        question = Question(
            text=text, principal=principal, as_of=exchange.as_of, history=conversation.history(), channel="chat"
        )
        conversation = conversation.asking(exchange)
        yield self.view(visitor, conversation)
        try:
            if heard and self._heard is not None:
                question = replace(question, heard=self._heard(heard, principal))
            assistant = self.runtime.assistant()
        except MunimentError as error:
            yield self.view(visitor, conversation.updated(exchange.after(Failed(message=str(error), kind=error.kind))))
            return
        run = self.runs.start(visitor.page, lambda: assistant.ask(question))
        started = time.monotonic()
        try:
            for event in run.events():
                before, exchange = exchange, replace(exchange, seconds=int(time.monotonic() - started))
                if event is not None:
                    exchange = exchange.after(event)
                yield self.view(visitor, conversation.updated(exchange)) if exchange != before else None
        finally:
            run.stop()
            self.runs.finished(visitor.page, run)
        if exchange.running:
            yield self.view(visitor, conversation.updated(replace(exchange, stopped=True)))

    def stop(self, visitor: Visitor) -> None:
        self.runs.stop(visitor.page)

    def sources(self, conversation: Conversation, number: object) -> str:
        """The sources of the exchange with this number; of the last one where there is no such number."""
        wanted = _whole(number)
        known = 0 <= wanted < len(conversation.exchanges)
        chosen = conversation.exchanges[wanted if known else -1] if conversation.exchanges else None
        return render.sources_html(chosen, self.config.prompt.passages)

    def document(self, visitor: Visitor, data: Mapping[str, object]) -> str:
        """The document panel for what was clicked. ``data`` comes from a browser: it is looked up and checked anew."""
        try:
            library = self.runtime.assistant().library
            document = library.document(str(data.get("document", "")), self._principal(visitor))
            first, last = _whole(data.get("start")), min(_whole(data.get("end")), len(document.text))
            span: Span | None = (first, last) if 0 <= first < last else None
            marker = _whole(data.get("marker")) if data.get("marker") else None
            sheet = sheet_for(library, document, span, self._principal(visitor))
            owner = owner_of(library, document, self._principal(visitor))
        except MunimentError as error:
            return shell.message_html("That did not open", str(error))
        return shell.panel_html(document, span, self.today(), sheet=sheet, owner=owner, marker=marker)

    def library(self, visitor: Visitor, conversation: Conversation) -> str:
        try:
            library, principal = self.runtime.assistant().library, self._principal(visitor)
            documents, collections = library.documents(principal), library.collections(principal)
        except MunimentError as error:
            return shell.message_html("The library is closed", str(error))
        return shell.library_html(documents, conversation.as_of or self.today(), collections)

    def as_of(self, conversation: Conversation, value: object) -> Conversation:
        """The rules of another day; nothing, today, or what is no date means today."""
        try:
            chosen = date.fromisoformat(str(value))
        except ValueError:
            chosen = self.today()
        return replace(conversation, as_of=None if chosen == self.today() else chosen)

    def _principal(self, visitor: Visitor) -> Principal:
        return self._authenticator.principal(visitor.cookies)

    def _documents(self, visitor: Visitor, conversation: Conversation) -> int | None:
        if self.runtime.loading:
            return None
        as_of = conversation.as_of or self.today()
        return len(self.runtime.assistant().library.documents(self._principal(visitor), as_of))


def _whole(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise InputError("That place can't be opened; choose it again.") from None
