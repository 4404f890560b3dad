"""Who may come in: every call of the knowledge page passes here first, and errors become words here.

The authenticator is asked anew each time; whoever is no manager (`access.managers`) is refused. What is shown beyond that is
decided by the rules of access (`ui.knowledge.sight`). Who acts is who is signed in, and stands in the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from assistant.config import Config
from assistant.errors import AccessError, InputError, MunimentError, Unavailable
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.catalogue import Catalogue
from assistant.protocols import Authenticator
from assistant.record.ledger import SqliteLedger
from assistant.types import Document, Principal
from ingest.drafts import drafts
from ui.ask import Visitor
from ui.auth import may_manage
from ui.knowledge.html import done_html
from ui.knowledge.sight import Sight
from ui.runtime import Runtime
from ui.shell import message_html

Data = Mapping[str, Any]
"""What a browser sent."""
REFUSED = "Only knowledge managers can do this; the config names their groups (access.managers)."


class Gate:
    """The door of the room, and what lies behind it for whoever is let in."""

    def __init__(
        self, config: Config, runtime: Runtime, authenticator: Authenticator, clock: Callable[[], datetime]
    ) -> None:
        self.config = config
        self.runtime = runtime
        self._authenticator = authenticator
        self._clock = clock

    def sight(self, principal: Principal) -> Sight:
        """Raises `AccessError` for whoever is no manager."""
        if not may_manage(principal, self.config.access):
            raise AccessError(REFUSED)
        return Sight(principal=principal, policy=self.catalogue().policy(), drafts=drafts(self.config.corpora))

    def shown(self, visitor: Visitor, make: Callable[[Sight], str]) -> str:
        """What ``make`` makes; an error as a message in its place."""
        try:
            return make(self.sight(self._authenticator.principal(visitor.cookies)))
        except MunimentError as error:
            title = "This is not for you" if isinstance(error, AccessError) else "That did not work"
            return message_html(title, str(error))

    def acted(self, visitor: Visitor, act: Callable[[Sight], str], panel: Callable[[Sight, str], str]) -> str:
        """``act``, then the panel as it stands afterwards, with the sentence that ``act`` gave ("": none) or its error."""

        def both(sight: Sight) -> str:
            try:
                sentence = act(sight)
                said = done_html(sentence) if sentence else ""
            except MunimentError as error:
                said = message_html("That did not work", str(error))
            return panel(self.sight(sight.principal), said)

        return self.shown(visitor, both)

    # --------------------------------------------------------------------------------------------- what lies behind

    def catalogue(self) -> Catalogue:
        return Catalogue.open_existing(self.config.data)

    def served(self) -> str:
        current = snapshots.current_id(self.config.data)
        if current is None:
            raise Unavailable("No knowledge has been published yet; run `muniment ingest`.")
        return current

    def held(self) -> tuple[Document, ...]:
        """All of the served documents, whoever may read them: to decide what may be said, not to be shown."""
        return tuple(self.runtime.assistant().library.current().documents.values())

    def today(self) -> date:
        return self._clock().date()

    def record(self, kind: str, sight: Sight, **content: object) -> None:
        SqliteLedger(self.catalogue()).append(kind, {**content, "who": sight.principal.user})


def text_of(data: Data, name: str) -> str:
    value = data.get(name)
    return value.strip() if isinstance(value, str) else ""


def day_of(data: Data, name: str) -> date:
    """Raises `InputError` for what is no date."""
    try:
        return date.fromisoformat(text_of(data, name))
    except ValueError:
        raise InputError(f"Give the date {name.replace('_', ' ')} as year-month-day.") from None


def reason_of(data: Data) -> str:
    """Raises `InputError` where none is given."""
    reason = text_of(data, "reason")
    if not reason:
        raise InputError("Say why: it is kept in the record.")
    return reason
