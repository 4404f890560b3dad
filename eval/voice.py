"""How well callers are understood: word errors, errors where they matter, words invented, speech rejected, work per second.

Two hearings of the same sound are judged by the same rules: ours, and plain ``whisper.transcribe`` on the same weights. Word
error rate is jiwer's over Whisper's own English normaliser on both sides. Figures, rule numbers and terms are counted apart: an
error is one that the transcript does not hold. A doubt raised on a wrong transcript counts as caught: the caller would be asked.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.errors import Unavailable
from assistant.types import Answer, Failed, Finished, Principal, Question
from assistant.voice import sound
from assistant.voice.listen import Listener
from assistant.voice.readback import doubts
from assistant.voice.values import RATE, Samples
from assistant.voice.vocabulary import Vocabulary
from eval.degrade import CONDITIONS
from eval.nonspeech import clips
from eval.voice_cases import Utterance, figures, holds, rule_numbers, terms_in

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """``asked``: words that would be read back; ``work`` and ``wall`` in seconds, of this process and of the clock."""

    text: str
    asked: int
    work: float
    wall: float


Hear = Callable[[Samples], tuple[str, int]]
"""Sound to text and the number of words that would be read back."""


def ours(listener: Listener, vocabulary: Vocabulary, threshold: float) -> Hear:
    def hear(samples: Samples) -> tuple[str, int]:
        transcript = listener.listen(sound.of(samples), vocabulary)
        return transcript.text, len(doubts(transcript, vocabulary, threshold=threshold))

    return hear


def hearing(hear: Hear, samples: Samples) -> Hearing:
    work, wall = time.process_time(), time.perf_counter()
    text, asked = hear(samples)
    return Hearing(text=text, asked=asked, work=time.process_time() - work, wall=time.perf_counter() - wall)


def judge(
    utterances: Sequence[Utterance], condition: str, hear: Hear, vocabulary: Vocabulary, tell: Tell, seed: int = 0
) -> dict[str, Any]:
    """All measures of one condition. Raises `Unavailable` without jiwer or Whisper's normaliser."""
    degrade, found = CONDITIONS[condition], []
    for utterance in utterances:
        one = hearing(hear, degrade(utterance.samples, seed))
        tell(f"{condition} {utterance.id}: {one.text or '(nothing)'}")
        found.append(one)
    return {
        **word_errors([u.text for u in utterances], [one.text for one in found]),
        **item_errors(utterances, found, vocabulary),
        **pace(utterances, found),
    }


def word_errors(references: Sequence[str], heard: Sequence[str]) -> dict[str, Any]:
    """``wer`` over all words; ``rejected``: share of utterances of which nothing came through."""
    try:
        import jiwer
        from whisper.normalizers import EnglishTextNormalizer
    except ImportError as error:
        raise Unavailable("Word error rates need jiwer and openai-whisper; install muniment[voice].") from error
    normal = EnglishTextNormalizer()
    pairs = [(normal(reference), normal(text)) for reference, text in zip(references, heard, strict=True)]
    kept = [pair for pair in pairs if pair[0]]
    return {
        "n": len(references),
        "wer": round(float(jiwer.wer([a for a, _ in kept], [b for _, b in kept])), 4) if kept else None,
        "rejected": round(sum(not text for text in heard) / max(1, len(heard)), 4),
    }


def item_errors(utterances: Sequence[Utterance], found: Sequence[Hearing], vocabulary: Vocabulary) -> dict[str, Any]:
    """Errors and number of ``figures``, ``rule_numbers`` and ``terms``; ``wrong``: utterances with any such error;
    ``caught``: those of them where something would have been read back or nothing was passed on; ``asked``: share of all
    utterances with a read-back, the price of it."""
    counts = {"figures": [0, 0], "rule_numbers": [0, 0], "terms": [0, 0]}
    wrong = caught = 0
    for utterance, one in zip(utterances, found, strict=True):
        missed = 0
        for name, items, there in (
            ("figures", figures(utterance.text), figures_heard(one.text)),
            ("rule_numbers", rule_numbers(utterance.text), re.findall(r"\d+(?:\.\d+)+", one.text)),
        ):
            absent = sum(item not in there for item in items)
            counts[name][0] += absent
            counts[name][1] += len(items)
            missed += absent
        terms = terms_in(utterance.text, vocabulary)
        absent = sum(not holds(one.text, term) for term in terms)
        counts["terms"][0] += absent
        counts["terms"][1] += len(terms)
        missed += absent
        wrong += missed > 0
        caught += missed > 0 and (one.asked > 0 or not one.text)
    errors = {name: {"errors": bad, "of": of} for name, (bad, of) in counts.items()}
    asked = round(sum(one.asked > 0 for one in found) / max(1, len(found)), 4)
    return {**errors, "wrong": wrong, "caught": caught, "asked": asked}


def figures_heard(text: str) -> list[str]:
    """Figures in digits or words: "fifteen pounds" holds 15."""
    from whisper.normalizers import EnglishTextNormalizer

    return figures(text) + figures(EnglishTextNormalizer()(text))


def pace(utterances: Sequence[Utterance], found: Sequence[Hearing]) -> dict[str, Any]:
    """``work``: processor seconds for a second of sound; ``real_time_factor``: the clock's, on whatever else runs here."""
    seconds = sum(len(utterance.samples) for utterance in utterances) / RATE
    return {
        "seconds": round(seconds, 1),
        "work": round(sum(one.work for one in found) / max(0.001, seconds), 4),
        "real_time_factor": round(sum(one.wall for one in found) / max(0.001, seconds), 4),
    }


def invented(hear: Hear, count: int, tell: Tell) -> dict[str, Any]:
    """Words made of clips that hold none."""
    words, guilty = 0, []
    for clip in clips(count):
        text, _ = hear(clip.samples)
        if text:
            tell(f"{clip.name}: {text}")
            words += len(text.split())
            guilty.append(clip.name)
    return {"clips": count, "words": words, "with_words": guilty}


def changed_answers(
    ask: Callable[[Question], Iterable[Any]],
    utterances: Sequence[Utterance],
    condition: str,
    hear: Hear,
    principal: Principal,
    as_of: Any,
    tell: Tell,
    seed: int = 0,
) -> dict[str, Any]:
    """Questions whose cited passages differ between typed and spoken. ``after_read_back``: those of them that no read-back
    and no "please say it again" would have stopped."""
    typed: dict[str, frozenset[tuple[str, int, int]]] = {}
    before = after = 0
    for utterance in utterances:
        if utterance.text not in typed:
            typed[utterance.text] = _cited(ask, utterance.text, principal, as_of)
        text, asked = hear(CONDITIONS[condition](utterance.samples, seed))
        differs = bool(text) and _cited(ask, text, principal, as_of) != typed[utterance.text]
        tell(f"{utterance.id}: {'other passages' if differs else 'the same passages'} ({text})")
        before += differs or not text
        after += differs and not asked
    count = max(1, len(utterances))
    return {
        "n": len(utterances),
        "condition": condition,
        "changed": round(before / count, 4),
        "after_read_back": round(after / count, 4),
    }


def _cited(
    ask: Callable[[Question], Iterable[Any]], text: str, principal: Principal, as_of: Any
) -> frozenset[tuple[str, int, int]]:
    question = Question(text=text, principal=principal, as_of=as_of, channel="voice")
    for event in ask(question):
        match event:
            case Finished(answer=Answer(citations=citations)):
                return frozenset((c.document_id, c.start, c.end) for c in citations)
            case Failed(message=message):
                raise Unavailable(f"A question could not be asked: {message}")
            case _:
                pass
    return frozenset()


def summary(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The table for people: one line a condition and hearing."""
    lines = ["condition            hearing  WER    figures  rules    terms    wrong/caught  asked  rejected  work"]
    for name, by_hearing in found.items():
        for who, one in by_hearing.items():
            items = "  ".join(
                f"{one[key]['errors']:>3}/{one[key]['of']:<3}" for key in ("figures", "rule_numbers", "terms")
            )
            lines.append(
                f"{name:20} {who:7} {one['wer'] if one['wer'] is not None else '-':<6} {items}  "
                f"{one['wrong']:>4}/{one['caught']:<6}   {one['asked']:<6} {one['rejected']:<8}  {one['work']}"
            )
    return lines
