"""The one typed config tree. It owns every default; unknown keys, impossible numbers and unknown choices fail at load.

`load` reads a TOML file; relative paths resolve from the project root, the folder that holds ``configs/``. Components get
their own section in the constructor; nobody asks a global.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import InputError

DEFAULT = Path("configs/default.toml")
RULEBOOK = Path("configs/rulebook.toml")


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Paths(Section):
    """Folders, relative to the project root."""

    data: Path = Path("data")
    corpora: Path = Path("corpora")
    models_lock: Path = Path("configs/models.toml")
    mirror: Path | None = None
    """A folder with one sub-folder a model, tried before anything else."""


class Device(Section):
    choice: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = Field(0, ge=0)
    """Threads for the models; 0 takes the machine's physical share."""


class Encoder(Section):
    model: str = "minilm-l6"
    tuned: Path | None = None
    """Folder of upper layers that were trained on this model."""
    batch_tokens: int = Field(4096, ge=64)
    dtype: Literal["bfloat16", "float32"] = "float32"
    max_tokens: int = Field(256, ge=16, le=512)


GATE = "gate"
"""What the gate's adapter is called among the generator's."""


class GeneratorSection(Section):
    model: str = "qwen2.5-coder-0.5b"
    adapters: dict[str, Path] = Field(default_factory=dict)
    """LoRA adapters by name: folders of safetensors, each trained on this model. All are loaded with it."""
    adapter: str | None = None
    """The one that answers; none: the model by itself. ``muniment models switch`` changes over in a running server."""
    quantization: Literal["nf4", "none"] = "nf4"
    max_new_tokens: int = Field(160, ge=8, le=2048)
    seed: int = 0
    composition: Literal["quote", "free"] = "quote"
    """``quote``: only sentences of the passages can be said; ``free``: the model writes (for a model tuned to cite)."""
    choices: int = Field(6, ge=1)
    """``quote``: how many sentences of one passage the model chooses among."""
    choice_margin: float = Field(3.0, ge=0)
    """``quote``: how far below the best of its passage, in the reranker's logits, a sentence may lie."""
    sentences: int = Field(3, ge=1)
    """``free``: the longest answer."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.adapter is not None and self.adapter not in self.adapters:
            raise ValueError(f"adapter {self.adapter!r} is none of adapters")
        if GATE in self.adapters:
            raise ValueError(f"the name {GATE!r} is the gate's own adapter's (gate.adapter); choose another")
        return self


class Split(Section):
    max_tokens: int = Field(200, ge=16)
    """Longest passage, in the encoder's tokens; a table row is never cut."""
    min_tokens: int = Field(12, ge=0)
    """A shorter section is joined with its neighbour under the same parent."""


class Ingest(Section):
    max_file_mb: int = Field(50, ge=1)
    reader_seconds: int = Field(60, ge=1)
    reader_memory_mb: int = Field(1500, ge=128)
    archive_entries: int = Field(2000, ge=1)
    archive_mb: int = Field(300, ge=1)
    """What all files of a ZIP archive may have together, unpacked."""
    readers: int = Field(0, ge=0)
    """Files read at once, each by a child of its own; 0: one a core."""
    lock_seconds: float = Field(5.0, ge=0)
    """How long a second ingestion waits for the first before it says who holds the lock."""
    max_removed_share: float = Field(0.3, ge=0, le=1)
    """More of the served documents than this may not vanish at once, unless forced with a reason."""


class Publish(Section):
    """How a candidate becomes what is served."""

    four_eyes: bool = False
    """Whoever prepared a change can't approve it: `ingest` prepares, somebody else runs `snapshots publish`."""
    golden_top: int = Field(10, ge=1)
    """A golden question is found where one of its sections stands among so many passages (fused, before reranking)."""
    golden_min: float = Field(0.7, ge=0, le=1)
    """Share of a collection's golden questions that must be found."""
    golden_drop: float = Field(0.03, ge=0, le=1)
    """By how much that share may fall below the last published snapshot's, over the same questions."""
    golden_answers: int = Field(8, ge=0)
    """How many of a collection's golden questions are answered before a publication, spread evenly; 0: none."""
    golden_answers_min: float = Field(0.5, ge=0, le=1)
    """Share of these whose answer must cite a right section."""
    golden_answers_drop: float = Field(0.25, ge=0, le=1)
    """By how much that share may fall below the last published snapshot's, over the same questions."""
    announce_days: int = Field(90, ge=0)
    """A change of a text that takes effect within so many days is announced with it."""


class Retrieve(Section):
    dense_candidates: int = Field(100, ge=1)
    lexical_candidates: int = Field(100, ge=1)
    dense_weight: float = Field(1.0, ge=0)
    """Of the cosine in the fused score."""
    lexical_weight: float = Field(0.025, ge=0)
    """Of BM25's own score in the fused score: where the words say little, they count little."""
    reranker: Path | None = None
    """Folder of a trained reranker's weights; without one the fused order stands."""
    rerank_candidates: int = Field(30, ge=1)
    rerank_fused: float = Field(4.0, gt=0)
    """How much the fused score adds to the reranker's logit."""
    follow: int = Field(3, ge=0)
    """The references of how many of the best passages are followed; 0: none are."""
    follow_candidates: int = Field(6, ge=0)
    """Referred-to passages, found by no search, that the reranker reads besides its candidates."""
    follow_weight: float = Field(0.35, ge=0, le=1)
    """How much of the referring passage's score goes over."""
    hits: int = Field(8, ge=1)
    """Shown as sources and handed to the gate."""


class Prompt(Section):
    passages: int = Field(4, ge=1)
    tokens: int = Field(640, ge=64)
    """Budget of the evidence in the generator's tokens; the weakest passages are left out first."""
    words: int = Field(160, ge=16)
    """How much the generator reads of one passage: whole sentences up to about so many words."""


class Logistic(Section):
    """A logistic model over named signals; what reaches ``threshold``, a probability, passes."""

    threshold: float = Field(0.5, ge=0, le=1)
    intercept: float = 0.0
    weights: dict[str, float] = {}


class Gate(Logistic):
    """Is the answer in what was found? Signals: `assistant.evidence.abstain`; fitted by `eval/calibrate.py`."""

    adapter: Path | None = None
    """LoRA adapter on the generator's model for the signal ``answerable``: folder of safetensors."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if "answerable" in self.weights and self.adapter is None:
            raise ValueError("weights.answerable needs an adapter")
        return self


class Needed(Logistic):
    """Does the answer need this passage beside the surest one? Signals: `assistant.evidence.needed`; fitted by
    `eval/needed.py`. As it stands here: never."""

    threshold: float = Field(1.0, ge=0, le=1)
    most: int = Field(2, ge=1)
    """Passages that an answer may rest on."""
    unknown: float = 0.0
    """What stands for the signal ``known`` where a passage has no known questions: its mean in the fit."""


class JudgeSection(Section):
    weights: Path | None = None
    """Folder of the trained judge's weights; without one, overlap of terms and meaning decides beside the rules."""
    least: float | None = Field(None, gt=0, le=1)
    """Trained: the least probability at which a sentence is shown; None takes the one that was fitted."""
    shared: float = Field(0.4, ge=0, le=1)
    """Trained: share of a sentence's terms that must stand in a run before the model is asked."""
    supported: float = Field(0.6, ge=0, le=1)
    """Overlap: the least score at which a sentence is shown."""
    partial: float = Field(0.4, ge=0, le=1)


class User(Section):
    id: str
    name: str
    role: str = ""
    groups: frozenset[str]


class AccessSection(Section):
    mode: Literal["demo", "public"] = "demo"
    cli_user: str = ""
    users: tuple[User, ...] = ()
    managers: frozenset[str] = frozenset({"knowledge"})
    """Groups whose members may manage the knowledge from the app; nobody may where it is empty."""

    @model_validator(mode="after")
    def _known(self) -> AccessSection:
        ids = [user.id for user in self.users]
        if len(ids) != len(set(ids)):
            raise ValueError("access.users: two users have the same id")
        if "public" in self.managers:
            raise ValueError("access.managers: everybody is in the group public, so it can't manage the knowledge")
        if self.cli_user and self.cli_user not in ids:
            raise ValueError(f"access.cli_user: no user {self.cli_user!r} in access.users")
        return self


class Server(Section):
    host: str = "127.0.0.1"
    port: int = Field(7860, ge=0, le=65535)
    title: str = "Muniment"
    examples: tuple[str, ...] = ()
    """Questions offered on the empty page."""
    frame_ancestors: tuple[str, ...] = ()
    """Origins that may show the page in a frame; none may where this is empty."""


class Limits(Section):
    question_characters: int = Field(2000, ge=10)


class Telephone(Section):
    """The gateway for telephone lines (`muniment telephone`); Twilio's Media Streams messages."""

    public_url: str = ""
    """The address that the line calls, as in ``wss://voice.example.com/telephone``: what requests are signed for."""
    token_variable: str = "MUNIMENT_TELEPHONE_TOKEN"
    """Name of the environment variable that holds the signing secret; the secret itself never stands in a file."""
    calls: int = Field(3, ge=1)
    """Calls served at once; the next one is refused with a sentence."""
    waiting: int = Field(8, ge=1)
    """Utterances that may wait for the transcriber; beyond it the caller is asked to say it again."""
    seconds: float = Field(20.0, gt=0)
    """The stated delay: within it, from the end of a question, the answer should begin also when all lines are taken. A
    caller who has heard nothing for as long is told that it is still being looked for."""
    minutes: int = Field(30, ge=1)
    """The longest call."""
    person: str = ""
    """The number that is dialled when a caller asks for a person; "" ends the call with the words that were said."""


class VoiceSection(Section):
    """Speech to text. Nothing of it is loaded, or pulled, unless voice is used."""

    transcriber: str = "whisper-base"
    detector: str = "silero-vad"
    engine: Literal["auto", "whisper", "faster-whisper"] = "auto"
    """Runs the transcriber's weights: openai-whisper on PyTorch, or faster-whisper on CTranslate2; auto: the latter on a
    processor, where it is installed."""
    compute: Literal["int8", "mixed", "float32"] = "mixed"
    """What faster-whisper keeps the weights in on a processor; mixed: the encoder's in float32, the decoder's in int8."""
    beam: int = Field(5, ge=1, le=10)
    """Texts that a transcriber follows side by side before it decides; 1: greedy."""
    language: Literal["en"] = "en"
    microphone: Literal["auto", "on", "off"] = "auto"
    """The chat's microphone; auto shows it where the models are pulled and the packages installed."""
    batch: int = Field(8, ge=1)
    minutes: int = Field(120, ge=1)
    """The longest recording."""
    correct_below: float = Field(0.6, ge=0, le=1)
    """Under this confidence a word may become the term that sounds like it, or somewhat like it where the sound allows it."""
    synthesiser: str = "auto"
    """Speaks answers on the telephone: auto (espeak-ng or flite where installed, else text only), none, espeak-ng, flite, or
    piper:MODEL.onnx."""
    confirm: float = Field(0.5, ge=0, le=1)
    """How readily doubtful figures, dates, names, rule numbers and negations are read back: 0 never, 1 always."""
    telephone: Telephone = Telephone()


class Config(Section):
    root: Path
    """The project root; set by `load`, never in the file."""
    paths: Paths = Paths()
    device: Device = Device()
    encoder: Encoder = Encoder()
    generator: GeneratorSection = GeneratorSection()
    split: Split = Split()
    ingest: Ingest = Ingest()
    publish: Publish = Publish()
    retrieve: Retrieve = Retrieve()
    prompt: Prompt = Prompt()
    needed: Needed = Needed()
    gate: Gate = Gate()
    judge: JudgeSection = JudgeSection()
    access: AccessSection = AccessSection()
    server: Server = Server()
    limits: Limits = Limits()
    voice: VoiceSection = VoiceSection()

    def resolve(self, path: Path) -> Path:
        """``path`` under the project root, unless absolute."""
        return path if path.is_absolute() else self.root / path

    @property
    def data(self) -> Path:
        return self.resolve(self.paths.data)

    @property
    def corpora(self) -> Path:
        return self.resolve(self.paths.corpora)

    def with_generator(self, model: str | None, *, untuned: bool = False) -> Config:
        """The same with another generator of the lock, to which no adapter belongs, or without the adapter."""
        if not (model or untuned):
            return self
        changed: dict[str, object] = {"model": model or self.generator.model, "adapter": None, "adapters": {}}
        return self.model_copy(update={"generator": self.generator.model_copy(update=changed)})


def load(path: Path | None = None, default: Path = DEFAULT) -> Config:
    """The config in ``path``; without one, ``default`` of the project that holds the working directory.

    Raises `InputError` naming the file and the key.
    """
    file = (path or _find(default)).resolve()
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"The config file {file} can't be read ({error.strerror}); give another with --config."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The config file {file} is not valid TOML: {error}.") from error
    if "root" in values:
        raise InputError(f"{file}: the key 'root' can't be set; it is the folder that holds configs/.")
    try:
        return Config(root=_root_of(file), **values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(file)"
        raise InputError(f"{file}: {key}: {first['msg']}.") from error


def _find(name: Path) -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"No {name} here or above; run inside the project or give --config FILE.")


def _root_of(file: Path) -> Path:
    return file.parent.parent if file.parent.name == "configs" else file.parent
