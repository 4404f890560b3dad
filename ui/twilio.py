"""Twilio's Media Streams messages and signatures, as documented: https://www.twilio.com/docs/voice/media-streams/websocket-messages
and https://www.twilio.com/docs/usage/security. Values in, values out; nothing is sent here.

Written from the documentation and tried with a simulated line only, never with Twilio itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from assistant.errors import AccessError, InputError
from assistant.voice import mulaw
from assistant.voice.values import Samples

Kind = Literal[
    "notice",
    "busy",
    "moment",
    "question",
    "read back",
    "again",
    "hand over",
    "sentence",
    "no answer",
    "waiting",
    "failed",
    "end",
]
"""What a caption is: ``question`` is what was understood and will be asked, ``sentence`` a judged sentence of the answer,
``end`` says that the answer is complete and has no text."""

FRAME_BYTES = 160
"""20 ms of the line."""


@dataclass(frozen=True, kw_only=True)
class Started:
    stream: str
    call: str
    captions: bool
    """The other end asked for texts too; Twilio itself never does."""


@dataclass(frozen=True, kw_only=True)
class Media:
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class Mark:
    name: str


@dataclass(frozen=True, kw_only=True)
class Stopped:
    pass


Incoming = Started | Media | Mark | Stopped | None


def parse(text: str) -> Incoming:
    """None for messages that need no answer. Raises `InputError` for what is no such message."""
    try:
        body = json.loads(text)
        match body["event"]:
            case "start":
                start = body["start"]
                form = start["mediaFormat"]
                if (form["encoding"], form["sampleRate"], form["channels"]) != ("audio/x-mulaw", 8000, 1):
                    raise InputError("Only one channel of 8 kHz μ-law is understood on the line.")
                custom = start.get("customParameters") or {}
                return Started(
                    stream=str(start["streamSid"]),
                    call=str(start["callSid"]),
                    captions=custom.get("captions") == "true",
                )
            case "media":
                return Media(payload=base64.b64decode(body["media"]["payload"], validate=True))
            case "mark":
                return Mark(name=str(body["mark"]["name"]))
            case "stop":
                return Stopped()
            case _:
                return None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("The line sent a message that is none of Media Streams.") from error


def media(stream: str, samples: Samples) -> Iterator[str]:
    """Speech at 16 kHz as messages of 20 ms each."""
    data = mulaw.encode(mulaw.to_narrowband(samples))
    for at in range(0, len(data), FRAME_BYTES):
        payload = base64.b64encode(data[at : at + FRAME_BYTES]).decode("ascii")
        yield json.dumps({"event": "media", "streamSid": stream, "media": {"payload": payload}})


def mark(stream: str, name: str) -> str:
    """Comes back when everything sent before it has been played, or was cleared."""
    return json.dumps({"event": "mark", "streamSid": stream, "mark": {"name": name}})


def clear(stream: str) -> str:
    """Stop playing at once: the caller has begun to speak."""
    return json.dumps({"event": "clear", "streamSid": stream})


def caption(stream: str, text: str, kind: Kind) -> str:
    """Ours: the text of what is said, and what kind of text it is, for ends that asked for captions."""
    body = {"event": "caption", "streamSid": stream, "caption": {"text": text, "kind": kind}}
    return json.dumps(body, ensure_ascii=False)


def signature(token: str, url: str, form: Mapping[str, str] | None = None) -> str:
    """HMAC-SHA1 over the address and the sorted form fields, base64: what ``X-Twilio-Signature`` holds."""
    text = url + "".join(f"{name}{value}" for name, value in sorted((form or {}).items()))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode("ascii")


def check(token: str, url: str, given: str | None, form: Mapping[str, str] | None = None) -> None:
    """Raises `AccessError` where the signature is missing or another; compares in constant time."""
    if not given or not hmac.compare_digest(signature(token, url, form).encode(), given.encode()):
        raise AccessError("This request was not signed by the telephone provider.")


def connect(url: str, person: str) -> str:
    """TwiML: stream the call to ``url``; when we end the stream, dial a person where there is a number."""
    dial = f"<Dial>{escape(person)}</Dial>" if person else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url={quoteattr(url)}/></Connect>{dial}</Response>'


def refuse(text: str) -> str:
    """TwiML: say why, hang up."""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response><Say>{escape(text)}</Say><Hangup/></Response>'
