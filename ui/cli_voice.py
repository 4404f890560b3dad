"""``muniment transcribe``: a recording to text, with what was put right and what should be confirmed."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.config import Config, load
from assistant.errors import MunimentError
from assistant.voice.readback import doubts
from assistant.voice.terms import vocabulary_of
from assistant.voice.values import Transcript
from assistant.voice.vocabulary import Vocabulary

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def register(app: typer.Typer, eval_app: typer.Typer) -> None:
    """Hang the voice commands into the two apps that `ui.cli` has."""
    app.command("transcribe")(transcribe)


def transcribe(
    file: Annotated[Path, typer.Argument(help="A recording: WAV, FLAC, MP3, Ogg, M4A, WebM, raw μ-law (.ulaw).")],
    user: Annotated[str | None, typer.Option("--user", help="Act as this configured user.")] = None,
    groups: Annotated[
        str | None, typer.Option("--groups", help="Comma-separated groups in place of the user's.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Words as heard: nothing is suggested or corrected by the documents' terms.")
    ] = False,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Write down what is said in a recording; silence is an empty text."""
    from assistant.build import build_listener
    from assistant.voice import sound

    settings = load(config)
    recording = sound.read(file, longest=settings.voice.minutes * 60)
    vocabulary = Vocabulary() if plain else _vocabulary(settings, user, groups)
    transcript = build_listener(settings).listen(recording, vocabulary)
    body = transcript_json(transcript, vocabulary, settings)
    if as_json:
        print(json.dumps(body, ensure_ascii=False, indent=1))
        return
    print(transcript.text)
    for line in (
        *(f"  put right: “{c['heard']}” → “{c['written']}” ({c['start']:.1f} s)" for c in body["corrections"]),
        *(f"  please confirm: {d['text']} ({d['kind']}, {d['start']:.1f} s)" for d in body["confirm"]),
        *(f"  not understood: {start:.1f}–{end:.1f} s" for start, end in body["rejected"]),
    ):
        print(line, file=sys.stderr)


def transcript_json(transcript: Transcript, vocabulary: Vocabulary, config: Config) -> dict[str, Any]:
    """The contract of ``transcribe --json``; fields are only ever added."""
    body: dict[str, Any] = _rounded(
        {
            "schema_version": 1,
            "text": transcript.text,
            "language": transcript.language,
            "duration": transcript.duration,
            "segments": [asdict(segment) for segment in transcript.segments],
            "words": [asdict(word) for word in transcript.words],
            "corrections": [asdict(one) for one in transcript.corrections],
            "confirm": [asdict(one) for one in doubts(transcript, vocabulary, threshold=config.voice.confirm)],
            "rejected": [list(one) for one in transcript.rejected],
            "transcriber": config.voice.transcriber,
        }
    )
    return body


def _vocabulary(config: Config, user: str | None, groups: str | None) -> Vocabulary:
    """Of the documents that the user may read; none where nothing is published yet, which is said."""
    from ui.reading import reading_library

    try:
        library, principal = reading_library(config, user, groups)
        return vocabulary_of(library.documents(principal, None))
    except MunimentError as error:
        if user or groups:
            raise
        print(f"Without the documents' vocabulary: {error}", file=sys.stderr)
        return Vocabulary()


def _rounded(value: Any) -> Any:
    """Milliseconds and thousandths are enough."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
