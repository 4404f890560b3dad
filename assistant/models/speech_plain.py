"""Plain ``whisper.transcribe`` on the same weights: what voice is compared with. Nothing of ours but the loading."""

from __future__ import annotations

from pathlib import Path

import torch

from assistant.models.device import Chosen
from assistant.models.speech import load
from assistant.voice.values import Samples


class PlainWhisper:
    """openai-whisper with its own defaults; no voice detector, no vocabulary, no gates."""

    def __init__(self, folder: Path, device: Chosen, language: str = "en") -> None:
        self._model = load(folder).to(device.kind)
        self._fp16 = device.kind == "cuda"
        self._language = language

    def text(self, samples: Samples) -> str:
        import whisper

        torch.manual_seed(0)  # it samples when it is unsure
        found = whisper.transcribe(self._model, samples, language=self._language, fp16=self._fp16, verbose=None)
        return " ".join(str(found["text"]).split())
