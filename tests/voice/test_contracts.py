"""What every `Detector` and every `Transcriber` keeps to: the twins always, the true models where they are pulled
(``make test-voice``), a Whisper with random weights wherever openai-whisper is installed.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.config import load
from assistant.errors import Corrupt, Unavailable
from assistant.models.device import Chosen
from assistant.voice import sound
from assistant.voice.listen import Listener
from assistant.voice.say import flite, for_the_ear
from assistant.voice.twins import LevelDetector, ScriptedTranscriber
from assistant.voice.values import FRAME, RATE, Detector, Rival, Samples, Transcriber, Word
from assistant.voice.vocabulary import Vocabulary
from assistant.voice.words import bare
from eval.degrade import CONDITIONS
from tests.voice import tiny

if TYPE_CHECKING:
    from assistant.models.speech import WhisperTranscriber
    from assistant.models.speech_faster import FasterTranscriber

CHOSEN = Chosen(kind="cpu", reason="a test", threads=1, bfloat16=False)
ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "data" / "models"
true_models = [
    pytest.mark.voice,
    pytest.mark.skipif(
        find_spec("whisper") is None
        or not all((MODELS / n / "manifest.json").is_file() for n in ("whisper-base", "silero-vad")),
        reason="the models of voice are not pulled (make voice)",
    ),
]
random_weights = pytest.mark.skipif(find_spec("whisper") is None, reason="openai-whisper is not installed (make voice)")


@cache
def true_listener() -> Listener:
    from assistant.build import build_listener

    return build_listener(load(ROOT / "configs" / "default.toml"))


@cache
def true_whisper(beam: int) -> WhisperTranscriber:
    from assistant.models.speech import WhisperTranscriber

    return WhisperTranscriber(MODELS / "whisper-base", CHOSEN, "whisper-base", beam=beam)


@cache
def random_folder(folder: Path) -> Path:
    return tiny.whisper(folder)


@cache
def random_whisper(folder: Path) -> WhisperTranscriber:
    from assistant.models.speech import WhisperTranscriber

    return WhisperTranscriber(random_folder(folder), CHOSEN, "tiny@1", batch=2, beam=3)


faster = pytest.mark.skipif(
    find_spec("faster_whisper") is None or find_spec("whisper") is None,
    reason="faster-whisper is not installed (make voice)",
)


@cache
def random_faster(folder: Path) -> FasterTranscriber:
    """On the very weights of `random_whisper`, as exactly."""
    from assistant.models.speech_faster import FasterTranscriber

    return FasterTranscriber(random_folder(folder), CHOSEN, "tiny@1", batch=2, beam=3, compute="float32")


@cache
def true_faster(beam: int, compute: Literal["int8", "mixed", "float32"] = "mixed") -> FasterTranscriber:
    from assistant.models.speech_faster import FasterTranscriber

    return FasterTranscriber(MODELS / "whisper-base", CHOSEN, "whisper-base", beam=beam, compute=compute)


@pytest.fixture(params=["level", pytest.param("silero", marks=true_models)])
def detector(request: pytest.FixtureRequest) -> Detector:
    return LevelDetector() if request.param == "level" else true_listener().detector


@pytest.fixture(
    params=[
        "scripted",
        pytest.param("random", marks=random_weights),
        pytest.param("random faster", marks=faster),
        pytest.param("whisper", marks=true_models),
        pytest.param("faster", marks=[faster, *true_models]),
    ]
)
def transcriber(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Transcriber:
    if request.param == "scripted":
        return ScriptedTranscriber(["one two three"])
    if request.param == "whisper":
        return true_whisper(5)
    if request.param == "faster":
        return true_faster(5)
    if request.param == "random faster":
        return random_faster(tmp_path_factory.getbasetemp() / "random-whisper")
    return random_whisper(tmp_path_factory.getbasetemp() / "random-whisper")


def noise(seconds: float, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)


@settings(max_examples=10)
@given(sizes=st.lists(st.integers(0, 3000), max_size=10))
def test_a_detector_gives_one_probability_a_frame(detector: Detector, sizes: list[int]) -> None:
    samples = noise(sum(sizes) / RATE + 0.1)[: sum(sizes)]
    whole = detector.open().feed(samples)
    assert len(whole) == sum(sizes) // FRAME
    assert ((whole >= 0) & (whole <= 1)).all()
    stream, pieces, at = detector.open(), [np.zeros(0, dtype=np.float32)], 0
    for size in sizes:
        pieces.append(stream.feed(samples[at : at + size]))
        at += size
    assert np.allclose(np.concatenate(pieces), whole, atol=1e-4)


def test_silence_is_no_speech(detector: Detector) -> None:
    assert (detector.open().feed(np.zeros(5 * RATE, dtype=np.float32)) < 0.5).all()


def test_streams_do_not_disturb_each_other(detector: Detector) -> None:
    one, other = detector.open(), detector.open()
    alone = detector.open().feed(noise(1))
    other.feed(noise(2, seed=1))
    assert np.allclose(one.feed(noise(1)), alone, atol=1e-5)


def test_a_transcriber_keeps_order_times_and_bounds(transcriber: Transcriber) -> None:
    given_clips = [noise(seconds, seed=number) for number, seconds in enumerate((1.5, 0.4, 1.0))]
    found = transcriber.transcribe(given_clips, Vocabulary(terms=("MLRO",)))
    assert len(found) == 3
    for clip, heard in zip(given_clips, found, strict=True):
        assert heard.text == " ".join(heard.text.split())
        assert heard.logprob <= 0
        assert 0 <= heard.no_speech <= 1
        starts = [word.start for word in heard.words]
        assert starts == sorted(starts)
        for word in heard.words:
            assert 0 <= word.start <= word.end <= len(clip) / RATE + 0.05
            assert 0 <= word.confidence <= 1
            assert word.text == word.text.strip() != ""
    assert transcriber.transcribe([]) == []


class Other:
    """Hints that know one word for the first one heard, and that word itself."""

    prompt = "Ask the MLRO."

    def fluency(self, text: str) -> float:
        return 0.0

    def rivals(self, words: Sequence[Word]) -> list[Rival]:
        return [Rival(start=w.start, end=w.end, text=text) for w in words[:1] for text in (bare(w.text), "MLRO")]


def test_a_transcriber_tells_how_likely_rivals_are(transcriber: Transcriber) -> None:
    """What was heard is as likely as itself; the order of clips changes nothing."""
    given_clips = [noise(seconds, seed=number) for number, seconds in enumerate((1.5, 0.4))]
    found = transcriber.transcribe(given_clips, Other())
    for heard in found:
        assert len(heard.rivals) == 2 * bool(heard.words)
        if heard.words:
            assert heard.rivals[0].gain == pytest.approx(0, abs=1e-3)
            assert heard.rivals[1].text == "MLRO"
            assert np.isfinite(heard.rivals[1].gain)
    for one, other in zip(found, reversed(transcriber.transcribe(given_clips[::-1], Other())), strict=True):
        assert [r.text for r in one.rivals] == [r.text for r in other.rivals]
    assert all(not heard.rivals for heard in transcriber.transcribe(given_clips))


def test_every_engine_follows_the_wording(transcriber: Transcriber) -> None:
    """Where only one word of any text is ever said here, that counts; without a text there is none to prefer."""
    asked: list[str] = []

    class Listening(Other):
        def fluency(self, text: str) -> float:
            asked.append(text)
            return -1.0 - len(text.split())

    if isinstance(transcriber, ScriptedTranscriber):
        pytest.skip("it has one text for each clip")
    clip = noise(1.2)
    (plain,), (led,) = transcriber.transcribe([clip], Other()), transcriber.transcribe([clip], Listening())
    assert plain.text in asked
    assert len(set(asked)) > 1
    assert len(led.text.split()) <= len(plain.text.split())


@random_weights
def test_the_same_sound_gives_the_same_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    transcriber = random_whisper(tmp_path_factory.getbasetemp() / "random-whisper")
    first, again = transcriber.transcribe([noise(1)]), transcriber.transcribe([noise(1)])
    assert first == again


@faster
def test_the_encoder_alone_encodes_as_the_whole_model(tmp_path_factory: pytest.TempPathFactory) -> None:
    from assistant.models.speech_faster import FasterTranscriber

    folder = tmp_path_factory.getbasetemp() / "random-whisper"
    mixed = FasterTranscriber(random_folder(folder), CHOSEN, "tiny@1", batch=2, beam=3, compute="mixed")
    one, other = (each.encode([noise(1.2), noise(0.5)], 3.0) for each in (mixed, random_faster(folder)))
    assert np.array_equal(one, other)


@faster
@settings(max_examples=5, deadline=None)
@given(lengths=st.lists(st.floats(0.1, 3), min_size=1, max_size=3))
def test_both_engines_encode_alike(tmp_path_factory: pytest.TempPathFactory, lengths: list[float]) -> None:
    """The same weights, whichever engine multiplies with them."""
    folder = tmp_path_factory.getbasetemp() / "random-whisper"
    clips = [noise(seconds, seed=number) for number, seconds in enumerate(lengths)]
    ours, theirs = random_whisper(folder)._encode(clips, 5.0), random_faster(folder).encode(clips, 5.0)
    assert np.allclose(ours.detach().numpy(), np.array(theirs), atol=1e-3)


@faster
@pytest.mark.parametrize("vocabulary", [tiny.DIMS["n_vocab"], tiny.MULTILINGUAL], ids=["English", "multilingual"])
def test_both_engines_begin_alike(tmp_path: Path, vocabulary: int) -> None:
    from assistant.models.speech import WhisperTranscriber
    from assistant.models.speech_faster import FasterTranscriber

    folder = tiny.whisper(tmp_path / "whisper", vocabulary=vocabulary)
    ours = WhisperTranscriber(folder, CHOSEN, "tiny@1")._tokenizer
    theirs = FasterTranscriber(folder, CHOSEN, "tiny@1")._tokenizer
    assert list(theirs.sot_sequence) == list(ours.sot_sequence)
    assert (theirs.sot_prev, theirs.no_timestamps, theirs.eot) == (ours.sot_prev, ours.no_timestamps, ours.eot)


@faster
@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60))
def test_both_engines_write_words_alike(text: str) -> None:
    from whisper.tokenizer import get_tokenizer

    ours, theirs = get_tokenizer(False), _tokenizer()
    ids = ours.encoding.encode_ordinary(text)
    assert theirs.encode(text, add_special_tokens=False).ids == ids
    assert theirs.decode(ids) == ours.decode(ids)


@cache
def _tokenizer() -> Any:
    from assistant.models.ctranslate2_whisper import tokenizer_of

    made, names = tokenizer_of(51864)
    assert len(set(names)) == len(names) == 51864
    return made


def test_an_engine_that_is_not_installed_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.models.speech_faster import FasterTranscriber

    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(Unavailable, match=r"install muniment\[voice\]"):
        FasterTranscriber(tmp_path, CHOSEN, "tiny@1")


@faster
def test_the_faster_engine_names_a_folder_that_is_no_whisper(tmp_path: Path) -> None:
    from assistant.models.speech_faster import FasterTranscriber

    with pytest.raises(Corrupt, match="models pull"):
        FasterTranscriber(tmp_path, CHOSEN, "tiny@1")


@random_weights
def test_a_folder_that_is_no_whisper_is_named(tmp_path: Path) -> None:
    from assistant.models.speech import load as load_whisper

    with pytest.raises(Corrupt, match="models pull"):
        load_whisper(tmp_path)
    tiny.whisper(tmp_path)
    (tmp_path / "config.json").write_text('{"dims": {"n_mels": 80}}', encoding="utf-8")
    with pytest.raises(Corrupt, match="models pull"):
        load_whisper(tmp_path)


@pytest.mark.voice
@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
class TestTrueSpeech:
    """What the shipped models make of a synthesiser's speech."""

    pytestmark = true_models

    def test_a_question_is_understood(self) -> None:
        spoken = flite("rms").speak("Please read me section 4.2 of the policy.")
        transcript = true_listener().listen(sound.of(spoken))
        assert "4.2" in transcript.text
        assert transcript.words
        assert transcript.rejected == ()

    @faster
    @pytest.mark.parametrize("beam", [1, 5])
    def test_both_engines_hear_the_same(self, beam: int) -> None:
        clip = sound.of(flite("rms").speak("Please read me section 4.2 of the policy.")).samples
        (ours,), (theirs,) = true_whisper(beam).transcribe([clip]), true_faster(beam, "float32").transcribe([clip])
        assert theirs.text == ours.text
        assert true_faster(beam).transcribe([clip])[0].text == ours.text
        assert theirs.logprob == pytest.approx(ours.logprob, abs=0.02)
        for one, other in zip(ours.words, theirs.words, strict=True):
            assert other.text == one.text
            assert other.start == pytest.approx(one.start, abs=0.1)
            assert other.confidence == pytest.approx(one.confidence, abs=0.05)

    @faster
    def test_both_engines_weigh_rivals_alike(self) -> None:
        """A word that was heard is far likelier than another."""
        clip = CONDITIONS["telephone"](sound.of(flite("slt").speak("Please read me section four.")).samples, 0)
        (ours,), (theirs,) = (each.transcribe([clip], Other()) for each in (true_whisper(5), true_faster(5, "float32")))
        assert ours.text == theirs.text
        assert ours.rivals[1].gain < -5
        for one, other in zip(ours.rivals, theirs.rivals, strict=True):
            assert other.gain == pytest.approx(one.gain, rel=0.05, abs=0.2)

    def test_no_word_is_made_of_noise(self) -> None:
        from eval.nonspeech import clips

        def listen(samples: Samples) -> str:
            return true_listener().listen(sound.of(samples)).text

        assert [clip.name for clip in clips(16, seed=5) if listen(clip.samples)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Rule 8.1.1 allows £50 [1].", "Rule 8 point 1 point 1 allows 50 pounds."),
        ("Send FC-7 to the MLRO", "Send F C 7 to the M L R O"),
        ("1–3 days", "1 to 3 days"),
    ],
)
def test_what_is_written_for_the_ear(text: str, said: str) -> None:
    assert for_the_ear(text) == said
