"""The citing protocol: items are asked, and what is shown is kept with all that it is measured by.

The gate decides what is shown, as for a user. With ``whole_curve`` the answers that it withholds are written too, outside the
time that is counted: else nobody could say what a more open gate would risk.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from assistant.config import Gate
from assistant.evidence import abstain, cite
from assistant.evidence.compose import Composer, Composition
from assistant.knowledge.lexical import terms
from assistant.types import Sentence
from eval.contexts import Context, Contexts
from eval.correctness import Correctness, against
from eval.items import Item


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A sentence that was shown, and the ids of the passages that it cites. ``stands``: by a lexical check that is not the
    judge's, one of them says it. ``quoted``: the judge, asked again with nothing but the quotes, finds one that supports it."""

    text: str
    cited: frozenset[str]
    stands: bool
    quoted: bool


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds: ``retrieve`` to find the passages, ``write`` from the gate's decision to the last sentence (the prompt is read
    in it, or was for the gate), ``total`` from the question. ``tokens`` were written."""

    retrieve: float
    write: float
    total: float
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Said:
    """What an item came to. ``ids``: the passages that could be cited; ``first_two``: the reranker's. ``confidence`` is the
    gate's; below its threshold nothing is shown. ``withheld``: sentences that the judge did not let through. ``would_cite``:
    what is cited with the gate open, None where that was not written. ``correct``: None without a reference or an answer."""

    item: Item
    ids: tuple[str, ...]
    first_two: frozenset[str]
    shown: tuple[Shown, ...]
    withheld: int
    would_cite: frozenset[str] | None
    correct: Correctness | None
    confidence: float
    spent: Spent
    text: str

    @property
    def cited(self) -> frozenset[str]:
        return frozenset(key for sentence in self.shown for key in sentence.cited)


@dataclass(frozen=True, kw_only=True)
class Asker:
    """The composer's encoder also measures how near an answer is to its reference."""

    composer: Composer
    contexts: Contexts
    gate: Gate
    whole_curve: bool = True

    def ask_all(self, tell: Callable[[Said], None]) -> list[Said]:
        found = []
        for item in self.contexts.items:
            found.append(self.ask(item))
            tell(found[-1])
        return found

    def ask(self, item: Item) -> Said:
        started = time.monotonic()

        def elapsed() -> float:
            return time.monotonic() - started

        context = self.contexts.of(item)
        retrieved = elapsed()
        question = item.question
        composition = self.composer.about(question, question, context.hits, lambda: elapsed() * 1000)
        values = abstain.signals(question, context.hits, composition, self.contexts.idf, self.gate.weights)
        confidence = abstain.confidence(values, self.gate)
        decided, open_ = elapsed(), confidence >= self.gate.threshold
        sentences = list(composition.sentences()) if open_ else []
        total, tokens = elapsed(), composition.said_tokens
        text, withheld = cite.text_of(sentences), len(composition.withheld)
        return Said(
            item=item,
            ids=context.ids,
            first_two=_first_two(context),
            shown=tuple(self._shown(sentence, context, composition) for sentence in sentences),
            withheld=withheld,
            would_cite=self._would_cite(composition, context, open_),
            correct=against(text, item.answer, self.composer.embedder) if sentences and item.answer else None,
            confidence=confidence,
            spent=Spent(retrieve=retrieved, write=total - decided, total=total, tokens=tokens),
            text=text,
        )

    def _shown(self, sentence: Sentence, context: Context, composition: Composition) -> Shown:
        markers = {c.marker - 1 for c in sentence.citations}
        wanted = set(terms(sentence.text))
        passages = [set(terms(composition.evidence[n].passage.text)) for n in markers]
        again = self.composer.judge.judge(sentence.text, [c.quote for c in sentence.citations])
        return Shown(
            text=sentence.text,
            cited=frozenset(context.ids[n] for n in markers),
            # Harsher than any judge on other words, and blind to order.
            stands=any(wanted <= held for held in passages),
            quoted=any(judgement.verdict == "supported" for judgement in again),
        )

    def _would_cite(self, composition: Composition, context: Context, open_: bool) -> frozenset[str] | None:
        if not open_ and not self.whole_curve:
            return None
        sentences = composition.shown if open_ else list(composition.sentences())
        return frozenset(context.ids[c.marker - 1] for sentence in sentences for c in sentence.citations)


def _first_two(context: Context) -> frozenset[str]:
    scored = sorted(zip(context.hits, context.ids, strict=False), key=lambda pair: -pair[0].score)
    return frozenset(key for _, key in scored[:2])
