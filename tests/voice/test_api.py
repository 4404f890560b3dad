"""The transcription route: every format, one sentence for every error, the asker's own vocabulary, a record of each hearing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assistant.answer import Assistant
from assistant.config import Config
from assistant.errors import InputError, Unavailable
from assistant.knowledge.catalogue import Catalogue
from assistant.record.ledger import SqliteLedger
from assistant.types import Principal
from assistant.voice.listen import Listener
from assistant.voice.twins import LevelDetector, ScriptedTranscriber
from tests.ui.project import assistant_of, clock, make
from tests.voice.test_listen import quiet, tone, wav
from ui.api import create_api
from ui.ask import Desk as PageDesk
from ui.ask import Visitor
from ui.auth import authenticator
from ui.guard import LARGEST, Guard
from ui.hearing import BUSY, Ear
from ui.runtime import Runtime

pytest.importorskip("av", reason="install the extra `voice`")
REPLY = "Does rule eight point one point one allow £15/0.3 or not?"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    root = tmp_path_factory.mktemp("voice")
    return make(root)


@pytest.fixture(scope="module")
def assistant(config: Config) -> Assistant:
    return assistant_of(config)


class Desk:
    """The application's parts with scripted models."""

    def __init__(self, config: Config, assistant: Assistant, *replies: str, waiting: int = 4) -> None:
        self.ledger = SqliteLedger(Catalogue.open_existing(config.data))
        self.transcriber = ScriptedTranscriber(replies or (REPLY,))
        self.runtime = runtime = Runtime(lambda: assistant)
        runtime.future.result()
        self.ear = Ear(
            config,
            lambda _: Listener(LevelDetector(), self.transcriber),
            lambda: self.ledger,
            lambda: assistant.library,
            waiting=waiting,
        )
        self.api = create_api(runtime, authenticator(config.access), title="Muniment", ear=self.ear)
        self.client = TestClient(self.api, raise_server_exceptions=False)

    def send(self, data: bytes, name: str = "question.wav", **form: Any) -> Any:
        return self.client.post("/v1/audio/transcriptions", files={"file": (name, data)}, data=form)


@pytest.fixture
def desk(config: Config, assistant: Assistant) -> Desk:
    return Desk(config, assistant)


def test_json_carries_doubts_corrections_and_a_receipt(desk: Desk) -> None:
    body = desk.send(wav(tone(2))).json()
    assert body["text"] == "Does rule 8.1.1 allow £15 or not?"
    extra = body["muniment"]
    assert [c["written"] for c in extra["corrections"]] == ["8.1.1"]
    assert [d["text"] for d in extra["confirm"]] == ["£15"]
    kept = desk.ledger.content(extra["receipt"]["id"])
    assert kept is not None
    assert (kept["text"], kept["user"], kept["channel"]) == (body["text"], "ann", "api")
    assert ["£15", 0.3] in kept["words"]
    assert len(kept["audio_sha256"]) == 64


def test_a_question_keeps_what_it_was_heard_from(desk: Desk) -> None:
    """Both records of it hold the sound's hash, the words as heard, their confidences and what was put right; no sound."""
    data = wav(tone(2))
    record = desk.send(data).json()["muniment"]["receipt"]["id"]
    asked = {"messages": [{"role": "user", "content": "How long are complaint files kept?"}], "heard": [record, record]}
    answer = desk.client.post("/v1/chat/completions", json=asked).json()
    receipt = desk.ledger.content(answer["muniment"]["receipt"]["id"])
    assert receipt is not None
    question = desk.ledger.content(receipt["asked"])
    assert question is not None
    (heard,) = question["heard"]
    assert receipt["heard"] == question["heard"]
    assert heard["record"] == record
    assert heard["audio_sha256"] == hashlib.sha256(data).hexdigest()
    assert heard["text"] == "Does rule 8.1.1 allow £15 or not?" != question["question"]
    assert ["£15", 0.3] in heard["words"]
    assert ["eight point one point one", "8.1.1"] in heard["corrections"]
    assert heard["confirm"] == ["£15"]
    assert heard["transcriber"] == "scripted/1"
    for kept in (receipt, question, desk.ledger.content(record)):
        assert not any(isinstance(value, str) and len(value) > 2000 for value in _leaves(kept))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    else:
        yield value


def test_the_page_s_question_keeps_it_too(config: Config, desk: Desk) -> None:
    record = desk.send(wav(tone(2))).json()["muniment"]["receipt"]["id"]
    visitor = Visitor(cookies={}, page="page-1")
    page = PageDesk(config, desk.runtime, authenticator(config.access), clock, desk.ear.spoken)
    own = page.conversation(visitor, None)
    view = [v for v in page.ask(visitor, own, "How long are complaint files kept?", [record]) if v][-1]
    answer = view.conversation.exchanges[-1].answer
    assert answer is not None
    receipt = desk.ledger.content(answer.receipt.id)
    assert receipt is not None
    assert [one["record"] for one in receipt["heard"]] == [record]
    refused = [v for v in page.ask(visitor, own, "How long are complaint files kept?", ["another"]) if v][-1]
    failure = refused.conversation.exchanges[-1].failure
    assert failure is not None
    assert "not in your records" in failure.message


def test_a_typed_question_was_not_heard(desk: Desk) -> None:
    asked = {"messages": [{"role": "user", "content": "How long are complaint files kept?"}]}
    answer = desk.client.post("/v1/chat/completions", json=asked).json()
    receipt = desk.ledger.content(answer["muniment"]["receipt"]["id"])
    assert receipt is not None
    assert "heard" not in receipt


def test_nobody_puts_another_s_words_into_a_receipt(desk: Desk) -> None:
    """Nor a record that is no hearing, nor one that isn't there, nor more than a person says."""
    body = desk.send(wav(tone(1))).json()["muniment"]["receipt"]
    asked = {"messages": [{"role": "user", "content": "How long are complaint files kept?"}]}
    answered = desk.client.post("/v1/chat/completions", json=asked).json()["muniment"]["receipt"]["id"]

    def status(records: list[str]) -> int:
        return int(desk.client.post("/v1/chat/completions", json={**asked, "heard": records}).status_code)

    assert status([body["id"]]) == 200
    assert status([answered]) == 400
    assert status(["no such record"]) == 400
    assert status([body["id"]] * 17) == 400
    desk.client.get("/as/mia", follow_redirects=False)
    assert status([body["id"]]) == 400


def test_every_format(desk: Desk) -> None:
    data = wav(tone(2))
    assert desk.send(data, response_format="text").text == "Does rule 8.1.1 allow £15 or not?\n"
    verbose = desk.send(data, response_format="verbose_json", **{"timestamp_granularities[]": "word"}).json()
    assert verbose["duration"] == 2.0
    assert verbose["segments"][0]["text"] == verbose["text"]
    assert verbose["words"][0]["word"] == "Does"
    srt = desk.send(data, response_format="srt").text.splitlines()
    assert srt[0] == "1"
    assert srt[1].startswith("00:00:00,0")
    assert " --> " in srt[1]
    vtt = desk.send(data, response_format="vtt")
    assert vtt.headers["content-type"].startswith("text/vtt")
    assert vtt.text.startswith("WEBVTT\n\n00:00:00.")


def test_silence_is_an_empty_text(desk: Desk) -> None:
    answer = desk.send(wav(quiet(2)))
    assert (answer.status_code, answer.json()["text"]) == (200, "")


@pytest.mark.parametrize(
    ("data", "form", "words"),
    [
        (b"not a sound", {}, "no recording"),
        (b"", {}, "empty"),
        (wav(tone(1)), {"language": "fr"}, "Only English"),
        (wav(tone(1)), {"response_format": "xml"}, "response_format"),
    ],
)
def test_errors_are_one_sentence(desk: Desk, data: bytes, form: dict[str, str], words: str) -> None:
    answer = desk.send(data, **form)
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert words in message
    assert message.endswith(".")


def test_no_file_is_said(desk: Desk) -> None:
    assert desk.client.post("/v1/audio/transcriptions").status_code == 400


def test_the_vocabulary_is_the_askers_own(desk: Desk) -> None:
    """The title of a restricted document is told to the transcriber only for those who may read it."""
    desk.send(wav(tone(1)))
    desk.client.get("/as/mia", follow_redirects=False)
    desk.send(wav(tone(1)))
    desk.client.get("/as/nil", follow_redirects=False)
    desk.send(wav(tone(1)))
    ann, mia, nil = desk.transcriber.prompts
    assert "Suspicion Reports" not in ann
    assert "Suspicion Reports" in mia
    assert nil == ""


def test_the_vocabulary_is_that_of_the_questions_known_now(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = Principal(user="ann", groups=frozenset({"staff"}))
    before, asked = desk.ear.vocabulary(ann), "how do I get hold of a spare badge"
    assert desk.ear.vocabulary(ann) is before
    monkeypatch.setattr(desk.runtime.assistant().library, "questions", lambda principal: (asked,))
    assert desk.ear.vocabulary(ann).fluency(asked) > before.fluency(asked)


def test_nobody_unknown_is_heard(desk: Desk) -> None:
    desk.client.cookies.set("muniment_user", "someone")
    assert desk.send(wav(tone(1))).status_code == 404
    assert desk.client.get("/v1/audio").status_code == 404


def test_a_full_queue_refuses_at_once(config: Config, assistant: Assistant) -> None:
    desk = Desk(config, assistant, waiting=0)
    with desk.ear.room():
        answer = desk.send(wav(tone(1)))
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, BUSY)
    assert answer.headers["retry-after"]
    assert desk.send(wav(tone(1))).status_code == 200


def test_what_is_missing_is_named(config: Config, assistant: Assistant) -> None:
    desk = Desk(config, assistant)

    def absent(_: Config) -> Listener:
        raise Unavailable("The model whisper-base is not here yet; run `muniment models pull whisper-base`.")

    desk.ear._load = absent
    answer = desk.send(wav(tone(1)))
    assert answer.status_code == 503
    assert "models pull" in answer.json()["error"]["message"]


def test_off_is_off(config: Config, assistant: Assistant) -> None:
    voice = config.voice.model_copy(update={"microphone": "off"})
    desk = Desk(config.model_copy(update={"voice": voice}), assistant)
    assert desk.client.get("/v1/audio").json()["available"] is False
    assert desk.send(wav(tone(1))).status_code == 503


def test_a_lock_that_is_not_there_is_said_and_no_fault(config: Config, assistant: Assistant) -> None:
    desk = Desk(config, assistant)

    def unreadable(_: Config) -> tuple[bool, str]:
        raise InputError("configs/models.toml can't be read.")

    desk.ear._present = unreadable
    assert desk.client.get("/v1/audio").json()["reason"] == "configs/models.toml can't be read."


def test_the_door_lets_recordings_in_and_nothing_else_that_large(desk: Desk) -> None:
    client = TestClient(Guard(desk.api, demo=False), raise_server_exceptions=False)
    data = wav(tone(40))
    assert len(data) > LARGEST
    assert client.post("/v1/audio/transcriptions", files={"file": ("x.wav", data)}).status_code == 200
    assert client.post("/v1/chat/completions", content=data).status_code == 413
    assert "microphone=(self)" in client.get("/healthz").headers["permissions-policy"]


def test_the_page_has_the_microphone() -> None:
    script = (Path(__file__).resolve().parents[2] / "ui" / "microphone.js").read_text(encoding="utf-8")
    assert "/v1/audio/transcriptions" in script
    assert "http" not in script
