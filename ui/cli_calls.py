"""``muniment eval calls``: the telephone gateway started as a process of its own, and called."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.config import Config, load
from assistant.errors import InputError, Unavailable
from ui.cli_voice import engine_of
from ui.options import ConfigFile, Json, say, show

if TYPE_CHECKING:
    from eval.caller import Clip
    from eval.calls import Gateway, Spoken

QUESTION = "Once it is confirmed that a customer really is on the list, how fast are the accounts blocked?"
_HOST = "127.0.0.1"
_LOADING = 600.0
"""Seconds in which the gateway must have loaded its models."""


def register(eval_app: typer.Typer) -> None:
    eval_app.command("calls")(eval_calls)


def eval_calls(
    calls: Annotated[int, typer.Option("--calls", min=0, help="Calls at the same instant; 0: none.")] = 20,
    minutes: Annotated[float, typer.Option("--minutes", min=0, help="Length of the long call; 0: none.")] = 10,
    times: Annotated[int, typer.Option("--times", min=0, help="Calls one after the other, for the delays.")] = 5,
    question: Annotated[str, typer.Option("--question", help="What callers ask.")] = QUESTION,
    voice: Annotated[str, typer.Option("--voice", help="Who says it: a voice whose name begins so.")] = "flite",
    audio: Annotated[
        Path | None, typer.Option("--audio", help="A recording of the question, in place of both.")
    ] = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Call the real gateway on loopback: delays, a long call by minute, a crowd, a line that is cut. In real time."""
    from eval.crowd import measured

    settings = load(config)
    spoken = _spoken(settings, question, voice, audio)
    with started(settings) as gateway:
        say(f"The gateway answers; the question lasts {spoken.question.seconds:.1f} s.")
        found = asyncio.run(measured(gateway, spoken, times=times, minutes=minutes, calls=calls, tell=say))
    body = {
        "question": str(audio) if audio else question,
        "voice": None if audio else voice,
        **engine_of(settings),
        "cores": os.cpu_count(),
        **found,
    }
    if as_json:
        show(body)
    else:
        print("\n".join(f"{name}: {json.dumps(value)}" for name, value in body.items()))


def _spoken(settings: Config, question: str, voice: str, audio: Path | None) -> Spoken:
    """Raises `InputError` where the voice is unknown or not installed."""
    from assistant.voice import sound
    from assistant.voice.say import installed
    from eval.caller import clip_of
    from eval.calls import Spoken
    from eval.voice_cases import VOICES

    present = installed([one for one in VOICES if one.name.startswith(voice)])
    if not present and audio is None:
        known = ", ".join(one.name for one in VOICES)
        raise InputError(f"No voice {voice!r} is installed here; known are {known}. Install one, or give --audio.")
    samples = sound.read(audio, longest=60).samples if audio else present[0].speak(question)
    yes: Clip | None = clip_of(present[0].speak("Yes.")) if present else None
    return Spoken(question=clip_of(samples), yes=yes)


@contextmanager
def started(settings: Config) -> Iterator[Gateway]:
    """`muniment telephone` with this config on a free port of loopback, on a copy of the knowledge and its ledger: calls
    that are only measured do not stand in the records of those that were real."""
    from assistant.knowledge.catalogue import Catalogue
    from assistant.record.ledger import SqliteLedger
    from eval.calls import Gateway
    from eval.usage import usage_of
    from ui import twilio
    from ui.telephone import ANSWER, STREAM

    with tempfile.TemporaryDirectory(prefix="muniment-calls-") as folder:
        data = copied(settings, Path(folder) / "data")
        port, token = _free_port(), secrets.token_urlsafe(16)
        section = settings.voice.telephone.model_copy(update={"public_url": f"ws://{_HOST}:{port}{STREAM}"})
        changed = settings.model_copy(
            update={
                "paths": settings.paths.model_copy(update={"data": data}),
                "voice": settings.voice.model_copy(update={"telephone": section}),
            }
        )
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(changed, port, token), daemon=True)
        process.start()
        try:
            _wait(process, f"http://{_HOST}:{port}/healthz")
            pid = process.pid or 0

            def sign(url: str, form: Mapping[str, str] | None) -> Mapping[str, str]:
                return {"X-Twilio-Signature": twilio.signature(token, url, form)}

            yield Gateway(
                url=section.public_url,
                webhook=f"http://{_HOST}:{port}{ANSWER}",
                sign=sign,
                usage=lambda: usage_of(pid),
                ledger=SqliteLedger(Catalogue.open_existing(data)),
                calls=section.calls,
                seconds=section.seconds,
            )
        finally:
            process.terminate()
            process.join(30)
            if process.is_alive():
                process.kill()


def copied(settings: Config, data: Path) -> Path:
    """The knowledge and the ledger as a backup holds them; the models by a link."""
    from assistant.knowledge import backup
    from assistant.knowledge.catalogue import Catalogue, utc_now
    from ingest.lock import ingestion_lock

    catalogue = Catalogue.open_existing(settings.data)
    with ingestion_lock(settings.data, settings.ingest.lock_seconds, who="eval calls", clock=utc_now):
        backup.backup(catalogue, settings.data, data)
    models = settings.data / "models"
    if models.is_dir():
        (data / "models").symlink_to(models.resolve(), target_is_directory=True)
    return data


def _serve(settings: Config, port: int, token: str) -> None:
    """In the process of its own. Its words go to stderr: stdout belongs to the one JSON object."""
    from assistant.errors import MunimentError
    from ui.serve_telephone import serve

    sys.stdout = sys.stderr
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # in the end, so that what is open is closed
    os.environ[settings.voice.telephone.token_variable] = token
    try:
        serve(settings, host=_HOST, port=port)
    except MunimentError as error:
        say(str(error))
        sys.exit(1)


def _wait(process: Any, address: str) -> None:
    began = time.monotonic()
    while process.is_alive() and time.monotonic() - began < _LOADING:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise Unavailable("The gateway did not start; what it said stands above.")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind((_HOST, 0))
        port: int = listening.getsockname()[1]
        return port
