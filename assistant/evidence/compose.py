"""From evidence to judged sentences: what could be said, how far the model leans towards saying it, and the saying of it.

One `Composition` a question. The prompt is read once, whether the leaning is asked for, the sentences are, or both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.config import GeneratorSection, Needed, Prompt
from assistant.evidence import cite, prompt, quote
from assistant.evidence.known import nearness
from assistant.evidence.needed import Standing, most_needed, odds
from assistant.evidence.prompt import Block
from assistant.evidence.quote import Choice
from assistant.evidence.sentences import stream
from assistant.knowledge.lexical import terms
from assistant.protocols import Embedder, Generator, Judge, Message, Reranker
from assistant.retrieve import index_text
from assistant.types import Hit, Sentence

NO_CHOICE = -10.0
"""The score of the best sentence where there is none."""


@dataclass(frozen=True, kw_only=True)
class Composer:
    """The parts that every composition shares."""

    generator: Generator
    judge: Judge
    embedder: Embedder
    reranker: Reranker
    section: GeneratorSection
    prompt: Prompt
    needed: Needed
    tuned: bool = False
    """Does the generator speak through an adapter?"""
    reader: Generator | None = None
    """The generator through the gate's adapter, which says whether a passage answers a question."""

    def warm(self) -> None:
        """The first pass through each model, which costs more than those after it, and the prompt's fixed head, which the
        generator keeps."""
        self.embedder.embed([""])
        self.reranker.scores("", [""])
        asked = prompt.messages("", {}, self.section.composition, tuned=self.tuned)
        for _ in self.generator.generate(asked, max_new_tokens=1, seed=self.section.seed):
            pass
        if self.reader is not None:
            self.answerable("", ("", ""))

    def about(self, text: str, query: str, hits: Sequence[Hit], elapsed: Callable[[], float]) -> Composition:
        """``text`` is what the model is asked, ``query`` the same with what a follow-up leans on; ``elapsed`` tells
        milliseconds since the question came."""
        given = prompt.evidence(hits, self.prompt, self.generator.count_tokens)
        groups, surest = self._needed(query, given)
        quoting = self.section.composition == "quote"
        read = {group[0].marker for group in groups} if quoting else range(1, len(given) + 1)
        blocks = {marker: prompt.block(given[marker - 1], self.prompt.words) for marker in sorted(read)}
        asked = prompt.messages(text, blocks, self.section.composition, tuned=self.tuned)
        return Composition(self, query, given, groups, surest, asked, elapsed)

    def answerable(self, question: str, block: Block) -> float:
        """Log-odds, by the reader, that the passage answers the question; 0 without a reader."""
        if self.reader is None:
            return 0.0
        return self.reader.leaning(prompt.answerable(question, block), (prompt.YES,), prompt.NO)

    def _needed(self, query: str, given: Sequence[Hit]) -> tuple[tuple[tuple[Choice, ...], ...], float]:
        """The sentences to choose among, a group for each passage that is needed, the surest first; and that one's log-odds."""
        found = [own for own in quote.choices(query, given, self.reranker, words=self.prompt.words) if own]
        said = [given[own[0].marker - 1] for own in found]
        each = odds(standings(query, said, found, self.embedder, self.reranker), self.needed)
        most, margin = self.section.choices, self.section.choice_margin
        groups = tuple(quote.closest(found[n], most=most, margin=margin) for n in most_needed(each, self.needed))
        return groups, max(each, default=NO_CHOICE)


def standings(
    question: str, hits: Sequence[Hit], own: Sequence[Sequence[Choice]], embedder: Embedder, reranker: Reranker
) -> list[Standing]:
    """``own``: each passage's sentences, best first. Scores of what did not look at a passage are 0."""
    if not hits:
        return []
    asked = set(terms(question))
    has = [asked & set(terms(hit.passage.text)) for hit in hits]
    vectors = embedder.embed([index_text(hit.document.title, hit.passage) for hit in hits])
    known = nearness(question, [hit.passage.questions for hit in hits], embedder, reranker)
    return [
        Standing(
            passage=hit.found_by.get("rerank", 0.0),
            sentence=some[0].score if some else NO_CHOICE,
            cosine=hit.found_by.get("dense", 0.0),
            beside=tuple(map(float, row)),
            adds=tuple(len(held - others) / max(1, len(asked)) for others in has),
            known=near,
        )
        for hit, some, row, held, near in zip(hits, own, vectors @ vectors.T, has, known, strict=True)
    ]


class Composition:
    """``shown`` and ``withheld`` grow while `sentences` runs; times are milliseconds, None until they happened."""

    def __init__(
        self,
        composer: Composer,
        query: str,
        evidence: tuple[Hit, ...],
        groups: tuple[tuple[Choice, ...], ...],
        surest: float,
        messages: tuple[Message, ...],
        elapsed: Callable[[], float],
    ) -> None:
        self._composer = composer
        self._query = query
        self._messages = messages
        self._elapsed = elapsed
        self._groups = groups
        self.evidence = evidence
        self.surest = surest
        """Log-odds that the answer needs the surest passage: `assistant.evidence.needed`."""
        self.shown: list[Sentence] = []
        self.withheld: list[Sentence] = []
        self.first_token: float | None = None
        self.first_sentence: float | None = None
        self.said_tokens = 0

    @property
    def best_sentence(self) -> float:
        """The reranker's logit of the best sentence that could be said."""
        return max((group[0].score for group in self._groups), default=NO_CHOICE)

    def leaning(self) -> float:
        """Log-odds, by the generator, that it begins with one of the sentences rather than with "not in the passages"."""
        if not self._groups:
            return NO_CHOICE
        written = [choice.written for group in self._groups for choice in group]
        return self._composer.generator.leaning(self._messages, written, prompt.NOT_FOUND)

    def answerable(self) -> float:
        """`Composer.answerable` of the surest passage."""
        if not self._groups:
            return NO_CHOICE
        surest = self.evidence[self._groups[0][0].marker - 1]
        return self._composer.answerable(self._query, prompt.block(surest, self._composer.prompt.words))

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
            among=[[choice.written for choice in group] for group in self._groups] if quoting else None,
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
                if not quoting and len(self.shown) >= section.sentences:
                    return
        finally:
            pieces.close()

    def _heard(self, pieces: Iterator[str]) -> Iterator[str]:
        for piece in pieces:
            self.first_token = self.first_token or self._elapsed()
            self.said_tokens += self._composer.generator.count_tokens(piece)
            yield piece
