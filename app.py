"""What a public demonstration runs (a Hugging Face Space): ``python app.py`` pulls the models, ingests the sample and
serves. The page listens at once and says that it is loading; after the first start there is nothing left to fetch.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from assistant.answer import Assistant
from assistant.build import build
from assistant.config import Config, load
from assistant.errors import MunimentError
from assistant.models.registry import Registry
from ingest.pipeline import Request
from ui.ingestion import pipeline_of
from ui.serve import serve
from ui.terminal import ProgressLine

PERSISTENT = Path("/data")
"""Where a Space with persistent storage mounts it; what lies there survives a restart."""


def settings() -> Config:
    config = load(Path(__file__).resolve().parent / "configs" / "space.toml")
    if not os.access(PERSISTENT, os.W_OK):
        return config
    return config.model_copy(update={"paths": config.paths.model_copy(update={"data": PERSISTENT / "muniment"})})


def prepared(config: Config) -> Assistant:
    """Models and knowledge first, both only where they are not there yet."""
    line = ProgressLine(sys.stderr)
    registry = Registry(config)
    for name in registry.needed():
        registry.pull(name, line)
    pipeline = pipeline_of(config, line)
    pipeline.run(Request(who="app.py", why="start"))
    line.close()
    return build(config)


if __name__ == "__main__":
    try:
        serve(settings(), build=prepared)
    except MunimentError as error:
        sys.exit(str(error))
