"""``POST /v1/audio/transcriptions``: OpenAI's shape (json, text, srt, vtt, verbose_json), our vocabulary, doubts and receipt."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Form, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from assistant.errors import InputError
from assistant.types import Principal
from assistant.voice import sound, subtitles
from ui.hearing import Ear, Hearing

Format = Literal["json", "text", "srt", "vtt", "verbose_json"]
LARGEST = 25_000_000
"""Bytes of a recording, as of the original."""
NO_STORE = {"Cache-Control": "private, no-store"}


def add_voice_routes(api: FastAPI, ear: Ear, asker: Any) -> None:
    """``asker``: the dependency that authenticates, the same as of every other route."""

    @api.get("/v1/audio")
    def state(principal: Principal = asker) -> dict[str, Any]:
        """Whether the page may offer a microphone."""
        available, reason = ear.state()
        return {"available": available, "reason": reason, "largest": LARGEST}

    @api.post("/v1/audio/transcriptions")
    async def transcriptions(
        file: UploadFile,
        response_format: Annotated[Format, Form()] = "json",
        language: Annotated[str, Form()] = "",
        timestamp_granularities: Annotated[list[str] | None, Form(alias="timestamp_granularities[]")] = None,
        principal: Principal = asker,
    ) -> Response:
        if language and language.lower() not in (ear.config.voice.language, "english"):
            raise InputError(f"Only English is understood, not {language!r}; leave language out.")
        data = await file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise InputError(f"The recording has more than {LARGEST // 1_000_000} MB; send it in parts.")
        name = file.filename or "The recording"
        heard = await run_in_threadpool(_hear, ear, data, name, principal)
        return _response(heard, response_format, words="word" in (timestamp_granularities or ()))


def _hear(ear: Ear, data: bytes, name: str, principal: Principal) -> Hearing:
    ear.listener()
    recording = sound.decode(data, name=name, longest=ear.config.voice.minutes * 60)
    return ear.hear(recording, principal, source=data, channel="api")


def _response(heard: Hearing, form: Format, *, words: bool) -> Response:
    transcript = heard.transcript
    if form == "text":
        return PlainTextResponse(f"{transcript.text}\n", headers=NO_STORE)
    if form == "srt":
        return PlainTextResponse(subtitles.srt(transcript), headers=NO_STORE)
    if form == "vtt":
        return PlainTextResponse(subtitles.vtt(transcript), media_type="text/vtt", headers=NO_STORE)
    body: dict[str, Any] = {"text": transcript.text}
    if form == "verbose_json":
        body = {
            "task": "transcribe",
            "language": "english",
            "duration": round(transcript.duration, 3),
            "text": transcript.text,
            "segments": [
                {
                    "id": number,
                    "start": round(one.start, 3),
                    "end": round(one.end, 3),
                    "text": one.text,
                    "temperature": 0.0,
                    "avg_logprob": round(one.logprob, 4),
                    "no_speech_prob": round(one.no_speech, 4),
                }
                for number, one in enumerate(transcript.segments)
            ],
        }
        if words:
            body["words"] = [
                {"word": one.text, "start": round(one.start, 3), "end": round(one.end, 3)} for one in transcript.words
            ]
    body["muniment"] = {
        "corrections": [asdict(one) for one in transcript.corrections],
        "confirm": [asdict(one) for one in heard.confirm],
        "words": [{"text": w.text, "confidence": round(w.confidence, 3)} for w in transcript.words],
        "rejected": [list(one) for one in transcript.rejected],
        "receipt": {"id": heard.record.id, "hash": heard.record.hash},
    }
    return JSONResponse(body, headers=NO_STORE)
