"""The pipeline as every face starts it: the command line, the page, the Space."""

from __future__ import annotations

from collections.abc import Callable

from assistant.answer import Assistant
from assistant.config import Config
from assistant.protocols import Embedder
from assistant.types import Progress
from ingest.pipeline import Pipeline


def pipeline_of(
    config: Config,
    tell: Callable[[Progress], None],
    embedder: Embedder | None = None,
    assistant: Callable[[], Assistant] | None = None,
) -> Pipeline:
    """With every check of the gate. ``embedder`` and ``assistant``: what is loaded already; else the configured ones are loaded
    when they are needed. Creates or migrates the catalogue."""
    from assistant import build
    from assistant.knowledge.catalogue import Catalogue, utc_now
    from assistant.record.ledger import new_id
    from eval.golden import golden
    from eval.golden_answers import golden_answers

    catalogue = Catalogue.open(config.data)
    answers = golden_answers(config, catalogue, assistant or (lambda: build.build(config)), tell)
    return Pipeline(
        config=config,
        catalogue=catalogue,
        embedder=embedder or build.ingest_embedder(config),
        tell=tell,
        new_id=new_id,
        clock=utc_now,
        judges=(golden(config, catalogue), answers),
    )
