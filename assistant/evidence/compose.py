"""From evidence to judged sentences: what could be said, how far the model leans towards saying it, and the saying of it.

One `Composition` a question. The prompt is read once, whether the leaning is asked for, the sentences are, or both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.config import GeneratorSection, Prompt
from assistant.evidence import cite, prompt, quote
from assistant.evidence.quote import Choice
from assistant.evidence.sentences import stream
from assistant.protocols import Generator, Judge, Message, Reranker
from assistant.types import Hit, Sentence

NO_CHOICE = -10.0
"""The score of the best sentence where there is none."""


@dataclass(frozen=True, kw_only=True)
class Composer:
    """The parts that every composition shares."""

    generator: Generator
    judge: Judge
    reranker: Reranker
    section: GeneratorSection
    prompt: Prompt

    def about(self, text: str, query: str, hits: Sequence[Hit], elapsed: Callable[[], float]) -> Composition:
        """``text`` is what the model is asked, ``query`` the same with what a follow-up leans on; ``elapsed`` tells
        milliseconds since the question came."""
        given = prompt.evidence(hits, self.prompt, self.generator.count_tokens)
        blocks = [prompt.block(hit, self.prompt.words) for hit in given]
        section = self.section
        found = quote.choices(
            query, given, self.reranker, most=section.choices, margin=section.choice_margin, words=self.prompt.words
        )
        tuned = section.adapter is not None
        asked = prompt.messages(text, blocks, section.composition, tuned=tuned)
        return Composition(self, given, found, asked, elapsed)


class Composition:
    """``shown`` and ``withheld`` grow while `sentences` runs; times are milliseconds, None until they happened."""

    def __init__(
        self,
        composer: Composer,
        evidence: tuple[Hit, ...],
        choices: tuple[Choice, ...],
        messages: tuple[Message, ...],
        elapsed: Callable[[], float],
    ) -> None:
        self._composer = composer
        self._messages = messages
        self._elapsed = elapsed
        self._choices = choices
        self.evidence = evidence
        self.shown: list[Sentence] = []
        self.withheld: list[Sentence] = []
        self.first_token: float | None = None
        self.first_sentence: float | None = None
        self.said_tokens = 0

    @property
    def best_sentence(self) -> float:
        """The reranker's logit of the best sentence that could be said."""
        return self._choices[0].score if self._choices else NO_CHOICE

    def leaning(self) -> float:
        """Log-odds, by the generator, that it begins with one of the sentences rather than with "not in the passages"."""
        if not self._choices:
            return NO_CHOICE
        return self._composer.generator.leaning(self._messages, [c.written for c in self._choices], prompt.NOT_FOUND)

    def usage(self) -> dict[str, int]:
        count = self._composer.generator.count_tokens
        return {"prompt_tokens": sum(count(m.content) for m in self._messages), "new_tokens": self.said_tokens}

    def sentences(self) -> Iterator[Sentence]:
        """Supported sentences as they are judged; the generator stops when there are enough, when it repeats itself, or
        when it says that it found nothing."""
        section = self._composer.section
        quoting = section.composition == "quote"
        pieces = self._composer.generator.generate(
            self._messages,
            max_new_tokens=section.max_new_tokens,
            seed=section.seed,
            among=[choice.written for choice in self._choices] if quoting else None,
        )
        seen: set[str] = set()
        try:
            for written in stream(self._heard(pieces)):
                sentence = cite.judged(written, self.evidence, self._composer.judge)
                plain = " ".join(sentence.text.lower().split())
                if not plain:  # a marker by itself
                    continue
                if plain in seen or prompt.NOT_FOUND.lower() in plain:
                    return
                seen.add(plain)
                if sentence.verdict != "supported" or not sentence.citations:
                    self.withheld.append(sentence)
                    continue
                self.shown.append(sentence)
                self.first_sentence = self.first_sentence or self._elapsed()
                yield sentence
                if len(self.shown) >= section.sentences:
                    return
        finally:
            pieces.close()

    def _heard(self, pieces: Iterator[str]) -> Iterator[str]:
        for piece in pieces:
            self.first_token = self.first_token or self._elapsed()
            self.said_tokens += self._composer.generator.count_tokens(piece)
            yield piece
