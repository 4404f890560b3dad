"""``POST /v1/chat/completions``: OpenAI's shape, our promise. What streams are judged sentences, one a chunk; the last
chunk (or the whole response) carries the answer's JSON contract in the extra field ``muniment``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.concurrency import iterate_in_threadpool

from assistant.contract import answer_json
from assistant.errors import InputError, MunimentError
from assistant.types import Answer, Failed, Finished, Principal, Question, Sentence, Spoken, Turn
from ui.runs import Run
from ui.words import HEADLINES

MODEL = "muniment"


class TextPart(BaseModel):
    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)


class ChatRequest(BaseModel):
    """Sampling parameters of the original are accepted and have no effect: the same question has the same answer."""

    messages: list[ChatMessage] = Field(min_length=1)
    model: str = MODEL
    stream: bool = False
    as_of: date | None = None
    """Ours: answer by the rules in force on this day."""
    heard: list[str] = Field(default_factory=list)
    """Ours: ids of the receipts of the transcriptions that the question was made of."""


def question_of(
    request: ChatRequest, principal: Principal, today: date, *, longest: int, heard: tuple[Spoken, ...] = ()
) -> Question:
    """The last message is the question; pairs of user and assistant before it are the history; system messages have no
    effect. Raises `InputError` where the last message is not the user's, is empty or has more than ``longest``
    characters."""
    said = [message for message in request.messages if message.role in ("user", "assistant")]
    if not said or said[-1].role != "user" or not said[-1].text.strip():
        raise InputError("The last message must be the user's question.")
    if len(said[-1].text) > longest:
        raise InputError(f"The question has {len(said[-1].text):,} characters; shorten it to {longest:,} or fewer.")
    turns = [
        Turn(question=one.text, answer=other.text)
        for one, other in pairwise(said)
        if one.role == "user" and other.role == "assistant"
    ]
    return Question(
        text=said[-1].text,
        principal=principal,
        as_of=request.as_of or today,
        history=tuple(turns),
        channel="api",
        heard=heard,
    )


class AskFailed(MunimentError):
    """The question ended in `Failed`, whose ``kind`` this carries."""

    def __init__(self, event: Failed) -> None:
        super().__init__(event.message)
        self.failed = event.kind


def completion(run: Run, *, created: datetime, model: str) -> dict[str, Any]:
    """The whole answer at once. Raises `AskFailed` with the sentence where it failed."""
    for event in run.events():
        if isinstance(event, Failed):
            raise AskFailed(event)
        if isinstance(event, Finished):
            answer = event.answer
            message = {"role": "assistant", "content": content_of(answer)}
            return {
                **_head(answer.receipt.id, "chat.completion", created, model),
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": usage_of(answer),
                "muniment": answer_json(answer),
            }
    raise MunimentError("The answer was stopped before it was complete.")


async def stream(run: Run, *, stream_id: str, created: datetime, model: str) -> AsyncIterator[str]:
    """Server-sent events. A client that goes away closes this iterator, which stops the run."""
    try:
        async for line in iterate_in_threadpool(_lines(run, _head(stream_id, "chat.completion.chunk", created, model))):
            yield line
    finally:
        run.stop()


def _lines(run: Run, head: dict[str, Any]) -> Iterator[str]:
    yield _chunk(head, {"role": "assistant", "content": ""})
    said = False
    for event in run.events():
        match event:
            case None:
                yield ": at work\n\n"
            case Sentence():
                yield _chunk(head, {"content": (" " if said else "") + marked_text(event)})
                said = True
            case Finished(answer=answer):
                rest = {} if said else {"content": content_of(answer)}
                yield _chunk(head, rest, finish="stop", usage=usage_of(answer), muniment=answer_json(answer))
            case Failed(message=message, kind=kind):
                yield f"data: {json.dumps(error_json(message, kind))}\n\n"
    yield "data: [DONE]\n\n"


def marked_text(sentence: Sentence) -> str:
    """The sentence and its markers, as in the contract's ``answer``."""
    return sentence.text + "".join(f" [{marker}]" for marker in dict.fromkeys(c.marker for c in sentence.citations))


def content_of(answer: Answer) -> str:
    if answer.status == "answered":
        return answer.text
    reason = answer.abstention.reason if answer.abstention else answer.triage.reason
    return f"{HEADLINES[answer.status]}. {reason}"


def usage_of(answer: Answer) -> dict[str, int]:
    prompt, new = answer.usage.get("prompt_tokens", 0), answer.usage.get("new_tokens", 0)
    return {"prompt_tokens": prompt, "completion_tokens": new, "total_tokens": prompt + new}


def error_json(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind}}


def _head(one: str, kind: str, created: datetime, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{one}", "object": kind, "created": int(created.timestamp()), "model": model}


def _chunk(head: dict[str, Any], delta: dict[str, str], finish: str | None = None, **extra: Any) -> str:
    body = {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **extra}
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"
