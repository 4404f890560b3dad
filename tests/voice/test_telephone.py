"""The gateway over a real socket on loopback, with a simulated line: Media Streams messages in, sentences out.

Models are the torch-free twins; the assistant, the ledger, the socket and the server are the true ones.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from assistant.answer import Assistant
from assistant.config import Config
from assistant.errors import AccessError, InputError, Unavailable
from assistant.knowledge.catalogue import Catalogue
from assistant.record.ledger import SqliteLedger
from assistant.voice import mulaw
from assistant.voice.listen import Listener
from assistant.voice.twins import LevelDetector, ScriptedTranscriber
from tests.ui.project import assistant_of, make
from ui import call, twilio
from ui.hearing import Ear
from ui.telephone import ANSWER, STREAM, Exchange, create_gateway

TOKEN = "a secret of the tests"
QUESTION = "How long are complaint files kept?"


class Tone:
    """A synthesiser that beeps: half a second for every text."""

    name = "tone"

    def speak(self, text: str) -> NDArray[np.float32]:
        return np.full(8000, 0.1, dtype=np.float32)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return make(tmp_path_factory.mktemp("telephone"))


@pytest.fixture(scope="module")
def assistant(project: Config) -> Assistant:
    return assistant_of(project)


class Gateway:
    def __init__(self, config: Config, assistant: Assistant, replies: list[str], **section: Any) -> None:
        with _server() as socket:
            self.port = socket
        url = f"ws://127.0.0.1:{self.port}{STREAM}"
        telephone = config.voice.telephone.model_copy(update={"public_url": url, **section})
        voice = config.voice.model_copy(update={"telephone": telephone})
        self.config = config.model_copy(update={"voice": voice})
        self.url = url
        self.ledger = SqliteLedger(Catalogue.open_existing(config.data))
        ear = Ear(
            self.config,
            lambda _: Listener(LevelDetector(), ScriptedTranscriber(replies)),
            lambda: self.ledger,
            lambda: assistant.library,
        )
        self.exchange = Exchange(self.config, lambda: assistant, ear, Tone(), token=TOKEN)
        self.api = create_gateway(self.exchange)

    def contents(self, kind: str) -> list[dict[str, Any]]:
        return [content for _, content in self.ledger.contents(kind)]

    @contextmanager
    def running(self) -> Iterator[None]:
        server = uvicorn.Server(
            uvicorn.Config(self.api, port=self.port, log_level="error", timeout_graceful_shutdown=1, lifespan="off")
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        for _ in range(2000):
            if server.started:
                break
            time.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(20)
            self.exchange.close()


@contextmanager
def _server() -> Iterator[int]:
    """A port that is free."""
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        yield listening.getsockname()[1]


class Caller:
    """The other end of the line."""

    def __init__(self, socket: ClientConnection, number: int) -> None:
        self._socket = socket
        self.stream = f"MZ{number}"
        self.call = f"CA{number}"
        self.texts: list[str] = []
        self.kinds: list[str] = []

    async def start(self, captions: bool = True) -> None:
        form = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        custom = {"captions": "true"} if captions else {}
        start = {"streamSid": self.stream, "callSid": self.call, "mediaFormat": form, "customParameters": custom}
        await self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self._send({"event": "start", "start": start, "streamSid": self.stream})

    async def say(self, seconds: float = 1.0, pause: float = 1.2) -> None:
        sound = 0.3 * np.sin(np.arange(int(8000 * seconds)) * 0.4)
        data = mulaw.encode(np.concatenate((sound, np.zeros(int(8000 * pause)))).astype(np.float32))
        for at in range(0, len(data), 160):
            payload = base64.b64encode(data[at : at + 160]).decode()
            await self._send({"event": "media", "media": {"track": "inbound", "payload": payload}})

    async def until(self, words: str, seconds: float = 300) -> str:
        """Listens, sending marks back as a line does, until a text holds ``words``."""
        async with asyncio.timeout(seconds):
            while True:
                body = json.loads(await self._socket.recv())
                self.kinds.append(body["event"])
                if body["event"] == "mark":
                    await self._send({"event": "mark", "mark": body["mark"]})
                if body["event"] == "caption":
                    self.texts.append(body["caption"]["text"])
                    if words in self.texts[-1]:
                        return self.texts[-1]

    async def hang_up(self) -> None:
        await self._send({"event": "stop", "stop": {"callSid": self.call}})

    async def _send(self, body: dict[str, Any]) -> None:
        await self._socket.send(json.dumps(body))


@contextmanager
def gateway(config: Config, assistant: Assistant, *replies: str, **section: Any) -> Iterator[Gateway]:
    made = Gateway(config, assistant, list(replies), **section)
    with made.running():
        yield made


def dial(made: Gateway) -> Any:
    return connect(made.url, additional_headers={"X-Twilio-Signature": twilio.signature(TOKEN, made.url)})


async def recorded(made: Gateway, kind: str, **wanted: Any) -> list[dict[str, Any]]:
    """The records of that kind with these values, once there is one."""
    for _ in range(3000):
        found = [one for one in made.contents(kind) if all(one.get(name) == value for name, value in wanted.items())]
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"no record {kind} with {wanted}")


async def ended(made: Gateway, call_id: str) -> list[dict[str, Any]]:
    return await recorded(made, "call", state="ended", call=call_id)


def test_a_call_from_notice_to_receipt(project: Config, assistant: Assistant) -> None:
    async def one(made: Gateway) -> Caller:
        async with dial(made) as socket:
            caller = Caller(socket, 1)
            await caller.start()
            await caller.until("a record is kept")
            await caller.say()
            await caller.until("six years")
            await recorded(made, "spoken")
            await caller.hang_up()
            (record,) = await ended(made, "CA1")
            assert record["reason"] == "the caller hung up"
            return caller

    with gateway(project, assistant, QUESTION) as made:
        caller = asyncio.run(one(made))
        assert caller.texts[0] == call.NOTICE
        assert f"You asked: {QUESTION}" in caller.texts
        assert call.MOMENT in caller.texts
        assert caller.texts[-1].startswith("According to the Complaints Policy, section 1: ")
        assert "media" in caller.kinds
        assert made.exchange.queue.batches == [1]  # in the lull, and not again
        heard, spoken = made.contents("heard")[-1], made.contents("spoken")[-1]
        assert (heard["text"], heard["user"], heard["channel"]) == (QUESTION, "guest", "voice")
        assert spoken["confirmed"] == []
        (kept,) = made.contents("answered")[-1]["heard"]
        assert (kept["record"], kept["audio_sha256"]) == (spoken["heard"], heard["audio_sha256"])
        assert [text for text, _ in kept["words"]] == QUESTION.split()
        assert TOKEN not in json.dumps([made.contents(kind) for kind in ("asked", "heard", "call", "answered")])
        assert made.contents("asked")[-1]["user"] == "guest"
        assert made.ledger.verify() > 4


def test_what_was_begun_at_a_breath_is_heard_anew_with_what_follows(project: Config, assistant: Assistant) -> None:
    async def one(made: Gateway) -> None:
        async with dial(made) as socket:
            caller = Caller(socket, 8)
            await caller.start()
            await caller.until("a record is kept")
            await caller.say(pause=0.3)
            async with asyncio.timeout(60):
                while not made.exchange.queue.batches:
                    await asyncio.sleep(0.01)
            await caller.say()
            await caller.until("six years")
            await caller.hang_up()
            await ended(made, "CA8")

    with gateway(project, assistant, "How long are", QUESTION) as made:
        asyncio.run(one(made))
        assert made.contents("heard")[-1]["text"] == QUESTION
        assert made.exchange.queue.batches == [1, 1]


def test_doubt_is_read_back_then_confirmed(project: Config, assistant: Assistant) -> None:
    async def one(made: Gateway) -> None:
        async with dial(made) as socket:
            caller = Caller(socket, 2)
            await caller.start()
            await caller.until("a record is kept")
            await caller.say()
            assert await caller.until("Is that right?") == "I heard six. Is that right?"
            await caller.say(0.6)
            await caller.until("six years")
            await recorded(made, "spoken", confirmed=["six"])
            await caller.hang_up()

    with gateway(project, assistant, "Are complaint files kept for six/0.4 years?", "Yes.") as made:
        asyncio.run(one(made))
        assert made.contents("spoken")[-1]["confirmed"] == ["six"]
        question, yes = made.contents("asked")[-1]["heard"]
        assert (question["text"], question["confirm"]) == ("Are complaint files kept for six years?", ["six"])
        assert (yes["text"], yes["confirmed"]) == ("Yes.", ["six"])


def test_callers_hear_public_documents_only(project: Config, assistant: Assistant) -> None:
    async def one(made: Gateway) -> Caller:
        async with dial(made) as socket:
            caller = Caller(socket, 3)
            await caller.start()
            await caller.until("a record is kept")
            await caller.say()
            await caller.until("One moment")
            await asyncio.sleep(0)
            for _ in range(400):
                if made.contents("spoken") and made.contents("asked")[-1]["question"].startswith("Where"):
                    break
                await asyncio.sleep(0.02)
            await caller.hang_up()
            await ended(made, "CA3")
            return caller

    with gateway(project, assistant, "Where does the handover of a suspicion report happen?") as made:
        caller = asyncio.run(one(made))
        assert "violet" not in " ".join(caller.texts)


def test_a_person_please(project: Config, assistant: Assistant) -> None:
    async def one(made: Gateway) -> None:
        async with dial(made) as socket:
            caller = Caller(socket, 4)
            await caller.start()
            await caller.until("a record is kept")
            await caller.say(0.8)
            await caller.until(call.HANDED)
            with pytest.raises(ConnectionClosed):
                await caller.until("nothing more", 120)
        (record,) = await ended(made, "CA4")
        assert record["reason"] == "handed over to a person"

    with gateway(project, assistant, "A person, please.") as made:
        asyncio.run(one(made))
        assert [r["state"] for r in made.contents("call") if r["call"] == "CA4"] == ["started", "handed over", "ended"]


def test_speaking_interrupts_what_is_said(project: Config, assistant: Assistant) -> None:
    async def one(made: Gateway) -> Caller:
        async with dial(made) as socket:
            caller = Caller(socket, 5)
            await caller.start()
            await asyncio.sleep(0.2)
            await caller.say()
            await caller.until("six years")
            await caller.hang_up()
            return caller

    with gateway(project, assistant, QUESTION) as made:
        assert "clear" in asyncio.run(one(made)).kinds


def test_a_cut_line_leaves_a_closed_record(project: Config, assistant: Assistant) -> None:
    async def one(made: Gateway) -> None:
        socket = await dial(made)
        caller = Caller(socket, 6)
        await caller.start()
        await caller.until("a record is kept")
        await caller.say()
        await caller.until("You asked")
        socket.transport.abort()
        found = await ended(made, "CA6")
        assert [r["reason"] for r in found] == ["the line was cut"]

    with gateway(project, assistant, QUESTION) as made:
        asyncio.run(one(made))
        assert made.exchange.calls == set()
        asked = [content for content in made.contents("asked") if content["channel"] == "voice"]
        closed = made.contents("answered") + made.contents("failed")
        for _ in range(200):
            if len(closed) >= len(asked):
                break
            time.sleep(0.02)
            closed = made.contents("answered") + made.contents("failed")
        assert len(closed) >= len(asked)


def test_a_call_that_can_not_be_opened_leaves_a_closed_record(project: Config, assistant: Assistant) -> None:
    async def one(made: Gateway) -> None:
        async with dial(made) as socket:
            await Caller(socket, 7).start()
            (record,) = await ended(made, "CA7")
            assert record["reason"] == "The weights are not here."

    def missing(_: Config) -> Listener:
        raise Unavailable("The weights are not here.")

    with gateway(project, assistant, QUESTION) as made:
        made.exchange.ear._load = missing
        asyncio.run(one(made))
        assert made.exchange.calls == set()


def test_calls_beyond_capacity_are_refused_and_none_hangs(project: Config, assistant: Assistant) -> None:
    async def one(made: Gateway, number: int) -> str:
        async with dial(made) as socket:
            caller = Caller(socket, 100 + number)
            await caller.start()
            try:
                first = await caller.until("")
                if first == call.BUSY:
                    return "refused"
                await caller.say()
                await caller.until("six years", 300)
                await caller.hang_up()
            except ConnectionClosed:
                return "closed"
            return "served"

    async def all_of_them(made: Gateway) -> list[str]:
        return await asyncio.gather(*(one(made, number) for number in range(12)))

    with gateway(project, assistant, QUESTION, calls=5, waiting=20) as made:
        outcomes = asyncio.run(all_of_them(made))
    assert set(outcomes) == {"served", "refused"}
    assert outcomes.count("served") >= 5


def test_unsigned_requests_are_refused(project: Config, assistant: Assistant) -> None:
    async def unsigned(made: Gateway) -> None:
        with pytest.raises(InvalidStatus):
            async with connect(made.url):
                pass
        with pytest.raises(InvalidStatus):
            async with connect(made.url, additional_headers={"X-Twilio-Signature": "c2VjcmV0"}):
                pass

    with gateway(project, assistant, QUESTION) as made:
        asyncio.run(unsigned(made))
        client = TestClient(made.api)
        form = {"CallSid": "CA9", "From": "+441632960000"}
        web = f"http://127.0.0.1:{made.port}{ANSWER}"
        signed = {"X-Twilio-Signature": twilio.signature(TOKEN, web, form)}
        assert client.post(ANSWER, data=form).status_code == 403
        assert client.post(ANSWER, data={**form, "From": "other"}, headers=signed).status_code == 403
        answer = client.post(ANSWER, data=form, headers=signed)
        assert f'<Stream url="{made.url}"/>' in answer.text
        told = client.get("/healthz").json()
        assert (told["most"], told["seconds"]) == (made.exchange.section.calls, made.exchange.section.seconds)
        made.exchange.calls |= {str(number) for number in range(99)}
        assert call.BUSY in client.post(ANSWER, data=form, headers=signed).text


def test_the_signature_is_the_documented_one() -> None:
    """The worked example of Twilio's documentation on request validation."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio.signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@given(st.text(max_size=60))
def test_any_message_is_read_or_one_sentence(text: str) -> None:
    for message in (text, json.dumps({"event": text}), json.dumps({"event": "media", "media": {"payload": text}})):
        try:
            found = twilio.parse(message)
        except InputError:
            continue
        assert found is None or isinstance(found, twilio.Media | twilio.Stopped)


def test_a_gateway_needs_its_secret_and_address(project: Config, assistant: Assistant) -> None:
    made = Gateway(project, assistant, ["x"])
    with pytest.raises(InputError, match="MUNIMENT_TELEPHONE_TOKEN"):
        Exchange(made.config, lambda: assistant, made.exchange.ear, None, token="")
    with pytest.raises(InputError, match="public_url"):
        Exchange(project, lambda: assistant, made.exchange.ear, None, token=TOKEN)
    with pytest.raises(AccessError):
        twilio.check(TOKEN, "u", None)
