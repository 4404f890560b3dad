"""What the generator reads. The head (instructions and examples) never changes, so that its key-value cache is reused;
passages are named by markers ``[1]…[n]``, never by ids. `IDENTITY` is part of the release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from assistant.config import Prompt
from assistant.evidence.sentences import within
from assistant.protocols import Message
from assistant.types import Hit

NOT_FOUND = "NOT IN THE PASSAGES"

_TUNED = (
    "Answer from the numbered passages only, in their own words; close each sentence with the number of its passage, like [1]. "
    f"If no passage answers the question, write only: {NOT_FOUND}"
)
_TASK = {
    "quote": "Copy from the numbered passages of a bank's rulebook the one or two sentences that answer the question, word for "
    "word, each followed by the number of its passage, like [1].",
    "free": "You answer a bank's staff from numbered passages of its rulebook. Use only the passages. Write one or two short "
    "sentences that answer the question, keeping the passage's own words, figures, times and names. End each sentence with "
    f"the number of its passage, like [1]. If no passage answers the question, write only: {NOT_FOUND}",
}
_ANSWERABLE = "Does the passage say what the question asks? Answer Yes or No."
YES, NO = "Yes", "No"
_EXAMPLES = (
    Message(
        "user",
        "[1] Travel Policy › 3.2 Hotels\nStaff may book a hotel up to £140 a night. A higher rate must be approved by the line "
        "manager before booking.\n\n[2] Travel Policy › 4.1 Claims\nExpense claims must be submitted within 30 days of the "
        "journey. Late claims are refused unless the Finance Director agrees.\n\nQuestion: How long have I got to claim my "
        "train fare?",
    ),
    Message("assistant", "Expense claims must be submitted within 30 days of the journey. [2]"),
    Message(
        "user",
        "[1] Access Standard › 5 Passwords\nA password must have at least 14 characters. It must not be shared.\n\n"
        "[2] Access Standard › 6 Leavers\nAccess is removed on the last working day. The line manager must return the laptop "
        "to IT within 5 working days.\n\nQuestion: A colleague leaves on Friday. What happens to her login and her laptop?",
    ),
    Message(
        "assistant",
        "Access is removed on the last working day. [2]\nThe line manager must return the laptop to IT within 5 working "
        "days. [2]",
    ),
)
IDENTITY = "prompt/" + hashlib.sha256(repr((_TUNED, _TASK, _EXAMPLES, _ANSWERABLE)).encode()).hexdigest()[:12]


Block = tuple[str, str]
"""What the model reads of a passage: where it stands ("" where that is not known) and its text."""


def evidence(hits: Sequence[Hit], section: Prompt, count_tokens: Callable[[str], int]) -> tuple[Hit, ...]:
    """The best hits that fit the budget, in rank order; the first always fits (it is no longer than a passage may be)."""
    chosen: list[Hit] = []
    used = 0
    for hit in hits[: section.passages]:
        cost = count_tokens(numbered(len(chosen) + 1, block(hit, section.words)))
        if chosen and used + cost > section.tokens:
            break
        chosen.append(hit)
        used += cost
    return tuple(chosen)


def block(hit: Hit, words: int) -> Block:
    """The start of the passage, whole sentences up to ``words`` or a little more."""
    body = "\n".join(part for part in (hit.passage.context, within(hit.passage.text, words)) if part)
    return " › ".join(part for part in (hit.document.title, hit.passage.where) if part), body


def messages(question: str, blocks: Mapping[int, Block], composition: str, *, tuned: bool) -> tuple[Message, ...]:
    """The fixed head, then one message with the passages, by marker, and the question. A ``tuned`` model (one with an adapter)
    was trained without examples and needs none."""
    passages = "\n\n".join(numbered(marker, one) for marker, one in blocks.items())
    head = (Message("system", _TUNED),) if tuned else (Message("system", _TASK[composition]), *_EXAMPLES)
    return (*head, Message("user", f"{passages}\n\nQuestion: {question}"))


def answerable(question: str, one: Block) -> tuple[Message, ...]:
    """Asks for `YES` or `NO`. The passage stands before the question: in training many questions share what was read of it."""
    passage = "\n".join(part for part in one if part)
    return (Message("system", _ANSWERABLE), Message("user", f"{passage}\n\nQuestion: {question}"))


def numbered(marker: int, one: Block) -> str:
    place, body = one
    return f"[{marker}] {place}\n{body}" if place else f"[{marker}] {body}"
