"""The only composition root: a config becomes an embedder, a generator, an assistant. Every choice is made here, with its
reason, which is logged and shown by ``muniment doctor``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from importlib.util import find_spec

from assistant.answer import Assistant, Variant
from assistant.config import GATE, Config
from assistant.errors import AccessError, InputError
from assistant.evidence import abstain, prompt
from assistant.evidence.compose import Composer
from assistant.evidence.support import OverlapJudge, TrainedJudge
from assistant.knowledge.catalogue import Catalogue, utc_now
from assistant.knowledge.library import Library
from assistant.models import heap
from assistant.protocols import Embedder, Generator, Judge, Reranker
from assistant.record.ledger import NewId, SqliteLedger, new_id
from assistant.release import Identities
from assistant.retrieve import FusedOrder
from assistant.types import Principal
from assistant.voice.listen import Listener

log = logging.getLogger("muniment")


@dataclass(frozen=True, kw_only=True)
class Engines:
    """The loaded models and the device they are on. Tests hand in their own."""

    embedder: Embedder
    generator: Generator
    device: str
    reranker: Reranker = field(default_factory=FusedOrder)
    adapters: Mapping[str, Generator] = field(default_factory=dict)
    """The generator seen through each of its adapters."""
    reader: Generator | None = None
    """The generator seen through the gate's adapter."""


def ingest_embedder(config: Config) -> Embedder:
    """The encoder as ingestion needs it: verified and known by name at once, loaded when there is something to embed."""
    from assistant.models.encode import LazyEncoder, identity_of
    from assistant.models.registry import Registry

    registry, name, section = Registry(config), config.encoder.model, config.encoder
    tuned = config.resolve(section.tuned) if section.tuned else None
    identity = identity_of(registry.identity(name), section, tuned)
    return LazyEncoder(registry.path(name), section, identity, lambda: build_embedder(config))


def build_embedder(config: Config) -> Embedder:
    """The encoder alone, loaded."""
    from assistant.models.device import choose
    from assistant.models.encode import SentenceEncoder
    from assistant.models.registry import Registry

    registry, name = Registry(config), config.encoder.model
    tuned = config.resolve(config.encoder.tuned) if config.encoder.tuned else None
    return SentenceEncoder(registry.path(name), config.encoder, choose(config.device), registry.identity(name), tuned)


def build_reranker(config: Config) -> Reranker:
    """The trained reranker on the encoder's own weights, or the fused order where none is configured."""
    if config.retrieve.reranker is None:
        return FusedOrder()
    from assistant.models.registry import Registry
    from assistant.models.rerank import CrossEncoder

    return CrossEncoder.load(Registry(config).path(config.encoder.model), config.resolve(config.retrieve.reranker))


def build_engines(config: Config) -> Engines:
    """Loads both models from verified folders; `Unavailable` names what to pull."""
    from assistant.models.device import choose
    from assistant.models.generate import TransformersGenerator
    from assistant.models.registry import Registry

    device = choose(config.device)
    log.info("device: %s (%s)", device.kind, device.reason)
    registry, section = Registry(config), config.generator
    folders = {**section.adapters, **({GATE: config.gate.adapter} if config.gate.adapter else {})}
    with heap.loading():
        embedder = build_embedder(config)  # the small one first: what is wrong with it is said at once
        generator = TransformersGenerator(
            registry.path(section.model),
            section,
            device,
            registry.identity(section.model),
            {name: config.resolve(folder) for name, folder in folders.items()},
        )
        return Engines(
            embedder=embedder,
            reranker=build_reranker(config),
            generator=generator,
            device=device.kind,
            adapters={name: generator.tuned(name) for name in section.adapters},
            reader=generator.tuned(GATE) if GATE in folders else None,
        )


def speech_engine(config: Config, device: str) -> str:
    """ "whisper" or "faster-whisper"; ``device``: "cpu" or "cuda"."""
    if config.voice.engine != "auto":
        return config.voice.engine
    return "faster-whisper" if device == "cpu" and find_spec("faster_whisper") is not None else "whisper"


def build_listener(config: Config) -> Listener:
    """Detector and transcriber on verified weights; `Unavailable` names what to install or pull."""
    from assistant.models.device import choose
    from assistant.models.registry import Registry
    from assistant.models.speech import WhisperTranscriber
    from assistant.models.speech_faster import FasterTranscriber
    from assistant.models.speech_vad import SileroVad

    registry, section, device = Registry(config), config.voice, choose(config.device)
    with heap.loading():
        engine = partial(FasterTranscriber, compute=section.compute)
        transcriber = (engine if speech_engine(config, device.kind) == "faster-whisper" else WhisperTranscriber)(
            registry.path(section.transcriber),
            device,
            registry.identity(section.transcriber),
            language=section.language,
            batch=section.batch,
            beam=section.beam,
        )
        detector = SileroVad(registry.path(section.detector), registry.identity(section.detector))
    return Listener(detector, transcriber, language=section.language)


def build_judge(config: Config, embedder: Embedder) -> Judge:
    """The trained judge on the encoder's own weights where ``judge.weights`` names them, else overlap; rules in both."""
    if config.judge.weights is None:
        return OverlapJudge(embedder, config.judge)
    from assistant.models.judge import SupportEncoder
    from assistant.models.registry import Registry

    weights = config.resolve(config.judge.weights)
    return TrainedJudge(SupportEncoder.load(Registry(config).path(config.encoder.model), weights), config.judge)


def build_composer(config: Config, engines: Engines) -> Composer:
    """What answers from passages that are given, through the config's adapter."""
    return _composers(config, engines)[config.generator.adapter]


def _composers(config: Config, engines: Engines) -> dict[str | None, Composer]:
    """One for each adapter, and one for the generator by itself; they share all else."""
    plain = Composer(
        generator=engines.generator,
        judge=build_judge(config, engines.embedder),
        embedder=engines.embedder,
        reranker=engines.reranker,
        section=config.generator,
        prompt=config.prompt,
        needed=config.needed,
        reader=engines.reader,
    )
    return {None: plain} | {
        name: replace(plain, generator=generator, tuned=True) for name, generator in engines.adapters.items()
    }


def build(
    config: Config, engines: Engines | None = None, *, clock: Callable[[], datetime] = utc_now, ids: NewId = new_id
) -> Assistant:
    """Everything that `Assistant.ask` needs. Refuses before the models are loaded where there is no knowledge yet."""
    unknown = sorted(set(config.gate.weights) - set(abstain.SIGNALS))
    if unknown:
        raise InputError(f"gate.weights: there is no signal {unknown[0]!r}; known are {', '.join(abstain.SIGNALS)}.")
    catalogue = Catalogue.open_existing(config.data, clock)
    loaded = engines or build_engines(config)
    variants = {
        adapter: Variant(composer=composer, identities=_identities(config, loaded, composer, adapter))
        for adapter, composer in _composers(config, loaded).items()
    }
    return Assistant(
        config=config,
        library=Library(config.data, catalogue, loaded.embedder, loaded.device),
        variants=variants,
        ledger=SqliteLedger(catalogue, ids),
        clock=clock,
    )


def _identities(config: Config, engines: Engines, composer: Composer, adapter: str | None) -> Identities:
    sections = ("generator", "split", "retrieve", "prompt", "gate", "judge")
    settings = {name: getattr(config, name).model_dump(mode="json") for name in sections}
    for name in ("adapter", "adapters"):  # which of them answers is said beside
        del settings["generator"][name]
    return Identities(
        models={
            "encoder": engines.embedder.identity,
            "reranker": engines.reranker.identity,
            "generator": composer.generator.identity,
            **({"gate": engines.reader.identity} if engines.reader else {}),
            "judge": composer.judge.identity,
            "prompt": prompt.IDENTITY,
        },
        adapter=adapter,
        settings=settings,
    )


def principal_of(config: Config, user: str | None, groups: str | None = None) -> Principal:
    """A configured user by id (None: ``access.cli_user``); ``groups``, comma-separated, replace the user's own."""
    wanted = user or config.access.cli_user
    known = {u.id: u for u in config.access.users}
    if wanted not in known:
        names = ", ".join(sorted(known)) or "none are configured"
        raise AccessError(f"There is no user {wanted!r}; give one of: {names}.")
    own = known[wanted].groups
    given = frozenset(g.strip() for g in groups.split(",") if g.strip()) if groups is not None else own
    return Principal(user=wanted, groups=given)
