"""Which rules turn a source file into the folder that is loaded, by the lock's word for them."""

from __future__ import annotations

from pathlib import Path

from assistant.models.lock import Locked


def identity(locked: Locked) -> str | None:
    """Name and version of the rules that `convert` would follow; None where the source is loaded as it stands."""
    if locked.convert == "gguf":
        from assistant.models.convert import CONVERTER

        return CONVERTER
    if locked.convert == "whisper":
        from assistant.models.convert_whisper import CONVERTER as WHISPER

        return WHISPER
    return None


def convert(locked: Locked, folder: Path) -> None:
    """Make the model's files out of the source in ``folder``, which is removed at the end."""
    source = folder / locked.file
    if locked.convert == "gguf":
        from assistant.models.convert import convert_gguf

        convert_gguf(source, folder, tie_head=locked.tie_head)
    else:
        from assistant.models.convert_whisper import convert_whisper

        convert_whisper(source, folder)
    source.unlink()
