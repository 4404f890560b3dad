"""``muniment transcribe``: a recording to text, with what was put right and what should be confirmed."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.config import Config, load
from assistant.errors import InputError, MunimentError
from assistant.voice.readback import doubts
from assistant.voice.terms import vocabulary_of
from assistant.voice.values import Transcript
from assistant.voice.vocabulary import Vocabulary

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def register(app: typer.Typer, eval_app: typer.Typer) -> None:
    """Hang the voice commands into the two apps that `ui.cli` has."""
    app.command("transcribe")(transcribe)
    app.command("telephone")(telephone)
    eval_app.command("voice")(eval_voice)


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


def telephone(
    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 7861,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    config: ConfigFile = None,
) -> None:
    """Serve telephone calls (Twilio Media Streams) until interrupted; callers are guests and hear public documents only."""
    from ui.serve_telephone import serve

    serve(load(config), host=host, port=port)


def eval_voice(
    recordings: Annotated[
        Path | None, typer.Option("--recordings", help="Folder of recordings with transcripts (NAME.flac, NAME.txt).")
    ] = None,
    spoken: Annotated[
        list[Path] | None,
        typer.Option("--spoken", help="JSON Lines with id and text, spoken by espeak-ng, flite, festival."),
    ] = None,
    voice_names: Annotated[
        list[str] | None, typer.Option("--voice", help="Only voices whose name begins so: espeak-ng, flite …")
    ] = None,
    condition: Annotated[list[str] | None, typer.Option("--condition", help="clean, telephone, noise-10 …")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Utterances of each source, spread evenly; 0: all.")] = 0,
    nonspeech: Annotated[int, typer.Option("--nonspeech", help="Clips without a word.")] = 0,
    answers: Annotated[
        bool, typer.Option("--answers", help="Also: which answers change (loads the assistant).")
    ] = False,
    transcriber: Annotated[str | None, typer.Option("--transcriber", help="Another model than the config's.")] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="whisper or faster-whisper, in place of the config's.")
    ] = None,
    no_plain: Annotated[bool, typer.Option("--no-plain", help="Without plain whisper beside it.")] = False,
    user: Annotated[str | None, typer.Option("--user", help="Whose vocabulary.")] = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Judge how callers are understood, beside plain whisper.transcribe on the same weights."""
    from assistant.build import build, build_listener, principal_of
    from assistant.models.device import choose
    from assistant.models.registry import Registry
    from assistant.models.speech_plain import PlainWhisper
    from eval import voice
    from eval.degrade import CONDITIONS
    from eval.voice_cases import VOICES, Utterance, read_spoken
    from eval.voice_cases import recordings as read_recordings
    from eval.voice_cases import spoken as speak

    settings = load(config)
    if engine not in (None, "whisper", "faster-whisper"):
        raise InputError(f"There is no engine {engine!r}; there are: whisper, faster-whisper.")
    given = {"transcriber": transcriber, "engine": engine}
    changed = settings.voice.model_copy(update={name: value for name, value in given.items() if value})
    settings = settings.model_copy(update={"voice": changed})
    wanted = condition or ["clean"]
    unknown = [name for name in wanted if name not in CONDITIONS]
    if unknown:
        raise InputError(f"There is no condition {unknown[0]!r}; there are: {', '.join(CONDITIONS)}.")
    vocabulary, listener = _vocabulary(settings, user, None), build_listener(settings)
    hear = voice.ours(listener, vocabulary, settings.voice.confirm)
    hearings: dict[str, voice.Hear] = {"ours": hear}
    if not no_plain:
        registry = Registry(settings)
        plain = PlainWhisper(registry.path(settings.voice.transcriber), choose(settings.device))
        hearings["plain"] = lambda samples: (plain.text(samples), 0)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def judge(who: str, utterances: list[Utterance], name: str) -> dict[str, Any]:
        return voice.judge(utterances, name, hearings[who], vocabulary, lambda line: tell(f"{who} {line}"))

    def some(found: list[Any]) -> list[Any]:
        return found[:: max(1, len(found) // limit)][:limit] if limit else found

    sources: dict[str, list[Utterance]] = {}
    if recordings:
        sources["recordings"] = some(read_recordings(recordings))
    if spoken:
        voices = [one for one in VOICES if one.name.startswith(tuple(voice_names or ("",)))]
        sources["spoken"] = list(speak(some(read_spoken(spoken)), voices))
    result: dict[str, Any] = {"schema_version": 1, **engine_of(settings), "sources": {}}
    for source, utterances in sources.items():
        result["sources"][source] = {name: {who: judge(who, utterances, name) for who in hearings} for name in wanted}
    if nonspeech:
        result["nonspeech"] = {who: voice.invented(one, nonspeech, tell) for who, one in hearings.items()}
    if answers:
        assistant, asker = build(settings), principal_of(settings, user)
        result["answers"] = [
            voice.changed_answers(assistant.ask, utterances, name, hear, asker, assistant.clock().date(), tell)
            for utterances in sources.values()
            for name in wanted
        ]
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
        return
    for source, found in result["sources"].items():
        print("\n".join([source, *voice.summary(found)]))
    for key in ("nonspeech", "answers"):
        if key in result:
            print(f"{key}: {json.dumps(result[key])}")


def engine_of(config: Config) -> dict[str, str]:
    from assistant.build import speech_engine
    from assistant.models.device import choose

    return {"transcriber": config.voice.transcriber, "engine": speech_engine(config, choose(config.device).kind)}


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
            **engine_of(config),
        }
    )
    return body


def _vocabulary(config: Config, user: str | None, groups: str | None) -> Vocabulary:
    """Of the documents that the user may read; none where nothing is published yet, which is said."""
    from ui.reading import reading_library

    try:
        library, principal = reading_library(config, user, groups)
        return vocabulary_of(
            library.documents(principal), library.questions(principal), unsure=config.voice.correct_below
        )
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
