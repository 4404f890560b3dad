"""A model's own tokens: of plain text, in which nothing is a control token, and of a conversation in its chat template."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assistant.errors import InputError
from assistant.protocols import Message

_SLOT = "\ue000"
"""A private-use character that stands for a message's text while the template is rendered."""


class ChatTokens:
    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.end: int = self._tokenizer.eos_token_id

    def plain(self, text: str) -> list[int]:
        """Tokens of a text in which nothing is a control token."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return ids

    def text(self, tokens: Sequence[int]) -> str:
        told: str = self._tokenizer.decode(tokens)
        return told

    def chat(self, messages: Sequence[Message], prompt: bool) -> list[int]:
        """The chat template's tokens with each message's text between them; ``prompt`` opens the model's own turn. A text is
        never read for control tokens: a document that writes the template's own markers stays inside its message."""
        if not messages:
            return []
        rows = [{"role": m.role, "content": _SLOT} for m in messages]
        rendered = self._tokenizer.apply_chat_template(rows, add_generation_prompt=prompt, tokenize=False)
        around = rendered.split(_SLOT)
        if len(around) != len(messages) + 1:
            raise InputError("The model's chat template does not show every message; use another model.")
        ids: list[int] = self._control(around[0])
        for message, after in zip(messages, around[1:], strict=True):
            ids = ids + self.plain(message.content) + self._control(after)
        return ids

    def _control(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids
