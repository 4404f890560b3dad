"""The pipeline as every face starts it: the command line, the page, the Space."""

from __future__ import annotations

from collections.abc import Callable

from assistant.config import Config
from assistant.protocols import Embedder
from assistant.types import Progress
from ingest.pipeline import Pipeline


def pipeline_of(config: Config, tell: Callable[[Progress], None], embedder: Embedder | None = None) -> Pipeline:
    """With every check of the gate. ``embedder``: one that is loaded already; else the configured one is loaded when it is
    needed. Creates or migrates the catalogue."""
    from assistant import build
    from assistant.knowledge.catalogue import Catalogue, utc_now
    from assistant.record.ledger import new_id
    from eval.golden import golden

    catalogue = Catalogue.open(config.data)
    return Pipeline(
        config=config,
        catalogue=catalogue,
        embedder=embedder or build.ingest_embedder(config),
        tell=tell,
        new_id=new_id,
        clock=utc_now,
        judges=(golden(config, catalogue),),
    )
