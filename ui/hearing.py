"""Speech for the faces: one listener for everybody, loaded at the first use; a short queue before it; a record of each hearing.

The vocabulary is that of the documents which the speaker may read, made once for each set of them. What was heard is kept in
the ledger: the sound's hash, the words with their confidences, what was put right, what should be confirmed.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any, Protocol

from assistant.config import Config
from assistant.errors import InputError, MunimentError, Transient, Unavailable
from assistant.models.registry import Registry
from assistant.protocols import Ledger, Record
from assistant.types import Document, Principal, Spoken
from assistant.voice.listen import Listener
from assistant.voice.readback import Doubt, doubts
from assistant.voice.sound import Sound
from assistant.voice.terms import vocabulary_of
from assistant.voice.values import Transcript
from assistant.voice.vocabulary import Vocabulary

MOST_HEARD = 16
"""Hearings of one question."""
BUSY = "Several recordings are being written down already; try again in a few seconds."


class Shelf(Protocol):
    """What the vocabulary is made of."""

    def documents(self, principal: Principal) -> tuple[Document, ...]: ...

    def questions(self, principal: Principal) -> tuple[str, ...]: ...


class Records(Ledger, Protocol):
    """A ledger that can be read again."""

    def content(self, record_id: str) -> dict[str, Any] | None: ...


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """``record`` is the ledger's record of it, ``spoken`` what a question made of it carries."""

    transcript: Transcript
    confirm: tuple[Doubt, ...]
    record: Record
    spoken: Spoken


class Ear:
    """Safe to share. ``waiting``: how many recordings may wait while one is being transcribed."""

    def __init__(
        self,
        config: Config,
        load: Callable[[Config], Listener],
        ledger: Callable[[], Records],
        shelf: Callable[[], Shelf],
        *,
        waiting: int = 4,
        present: Callable[[Config], tuple[bool, str]] | None = None,
    ) -> None:
        self.config = config
        self._load = load
        self._ledger = ledger
        self._shelf = shelf
        self._listener: Listener | None = None
        self._lock = threading.Lock()
        self._present = present or models_present
        self._room = threading.BoundedSemaphore(1 + waiting)
        self._vocabularies: dict[tuple[tuple[str, ...], ...], Vocabulary] = {}

    def state(self) -> tuple[bool, str]:
        """Can the microphone be used, and why or why not. Loads nothing."""
        if self.config.voice.microphone == "off":
            return False, "the config says off"
        try:
            return self._present(self.config)
        except MunimentError as error:  # a lock that can't be read, for one
            return False, str(error)

    def listener(self) -> Listener:
        """Raises `Unavailable` naming what to install or pull, or that it is switched off."""
        with self._lock:
            if self._listener is None:
                if self.config.voice.microphone == "off":
                    raise Unavailable("Voice is switched off here (voice.microphone in the config).")
                self._listener = self._load(self.config)
            return self._listener

    def vocabulary(self, principal: Principal) -> Vocabulary:
        """Of what the principal may read now."""
        shelf = self._shelf()
        documents, questions = shelf.documents(principal), shelf.questions(principal)
        key = (tuple(sorted(document.id for document in documents)), questions)
        with self._lock:
            known = self._vocabularies.get(key)
        if known is None:
            known = vocabulary_of(documents, questions, unsure=self.config.voice.correct_below)
            with self._lock:
                if len(self._vocabularies) > 32:
                    self._vocabularies.clear()
                self._vocabularies[key] = known
        return known

    def hear(self, sound: Sound, principal: Principal, *, source: bytes, channel: str) -> Hearing:
        """Transcribe and record. Raises `Transient` where too many wait, `Unavailable` where the ledger can't be written."""
        with self.room():
            vocabulary = self.vocabulary(principal)
            transcript = self.listener().listen(sound, vocabulary)
        return self.recorded(
            transcript, vocabulary, principal, audio_sha256=hashlib.sha256(source).hexdigest(), channel=channel
        )

    def recorded(
        self, transcript: Transcript, vocabulary: Vocabulary, principal: Principal, *, audio_sha256: str, channel: str
    ) -> Hearing:
        confirm = doubts(transcript, vocabulary, threshold=self.config.voice.confirm)
        content = heard_content(
            transcript, confirm, principal, audio_sha256, channel, self.listener().transcriber.identity
        )
        record = self.append("heard", content)
        return Hearing(transcript=transcript, confirm=confirm, record=record, spoken=spoken_of(record.id, content))

    def spoken(self, records: Sequence[str], principal: Principal) -> tuple[Spoken, ...]:
        """What the principal's own *heard* records say, for the receipt of the question made of them. ``records`` come from
        outside: `InputError` where one is no hearing of this person."""
        if len(records) > MOST_HEARD:
            raise InputError(f"A question is made of {MOST_HEARD} recordings at most; send it anew.")
        found = []
        for record in dict.fromkeys(records):
            content = self._ledger().content(record)
            if content is None or "audio_sha256" not in content or content.get("user") != principal.user:
                raise InputError("What this question was heard from is not in your records; send it anew.")
            found.append(spoken_of(record, content))
        return tuple(found)

    def append(self, kind: str, content: dict[str, Any]) -> Record:
        return self._ledger().append(kind, content)

    @contextmanager
    def room(self) -> Iterator[None]:
        """A place in the queue; refused at once where there is none."""
        if not self._room.acquire(blocking=False):
            raise Transient(BUSY)
        try:
            yield
        finally:
            self._room.release()


def models_present(config: Config) -> tuple[bool, str]:
    """Are the packages installed and the models pulled; and if not, what to run."""
    missing = [name for name in ("whisper", "av") if find_spec(name) is None]
    if missing:
        return False, f"{missing[0]} is not installed; run `make voice`"
    if config.voice.engine == "faster-whisper" and find_spec("faster_whisper") is None:
        return False, "faster-whisper is not installed; run `make voice`"
    rows = {row["name"]: row["pulled"] for row in Registry(config).list()}
    unpulled = [name for name in (config.voice.transcriber, config.voice.detector) if not rows.get(name)]
    if unpulled:
        return False, f"run `muniment models pull {' '.join(unpulled)}`"
    return True, f"{config.voice.transcriber} is here"


def heard_content(
    transcript: Transcript,
    confirm: tuple[Doubt, ...],
    principal: Principal,
    audio_sha256: str,
    channel: str,
    transcriber: str,
) -> dict[str, Any]:
    """What the ledger keeps of a hearing; the sound itself is not kept."""
    return {
        "user": principal.user,
        "channel": channel,
        "audio_sha256": audio_sha256,
        "duration": round(transcript.duration, 3),
        "text": transcript.text,
        "words": [[word.text, round(word.confidence, 3)] for word in transcript.words],
        "corrections": [asdict(one) for one in transcript.corrections],
        "confirm": [asdict(one) for one in confirm],
        "rejected": [list(one) for one in transcript.rejected],
        "transcriber": transcriber,
    }


def spoken_of(record: str, content: dict[str, Any]) -> Spoken:
    """The ledger's record of a hearing as the question made of it carries it."""
    return Spoken(
        record=record,
        audio_sha256=content["audio_sha256"],
        text=content["text"],
        words=tuple((text, confidence) for text, confidence in content["words"]),
        corrections=tuple((one["heard"], one["written"]) for one in content["corrections"]),
        confirm=tuple(one["text"] for one in content["confirm"]),
        transcriber=content["transcriber"],
    )
