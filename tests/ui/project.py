"""A small real project: documents read by the real pipeline, answered by the real assistant on the models' torch-free twins."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

from assistant.answer import Assistant
from assistant.build import Engines, build
from assistant.config import Config, load
from assistant.knowledge.catalogue import Catalogue
from assistant.models.twins import HashingEmbedder, ScriptedGenerator
from assistant.protocols import Message, Pieces
from assistant.record.ledger import new_id
from ingest.pipeline import Pipeline, Request

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

CONFIG = """
[access]
mode = "{mode}"
cli_user = "ann"
[[access.users]]
id = "ann"
name = "Ann <b>Bold</b>"
role = "Adviser"
groups = ["staff"]
[[access.users]]
id = "mia"
name = "Mia Moss"
role = "MLRO"
groups = ["staff", "mlro"]
[[access.users]]
id = "nil"
name = "Nil"
groups = []
[generator]
composition = "quote"
[gate]
threshold = {threshold}
[server]
examples = ["How long are complaint files kept?"]
"""

COLLECTION = """
id = "rules"
title = "Rules"
owner = "Compliance"
licence = "Apache-2.0"
review_date = 2027-01-31
language = "en"
[access]
allow = ["staff"]
deny = []
[[documents]]
path = "gifts-2024.md"
key = "gifts"
title = "Gifts Policy"
effective_from = 2024-01-01
effective_to = 2026-06-30
[[documents]]
path = "gifts-2026.md"
key = "gifts"
title = "Gifts Policy"
effective_from = 2026-07-01
supersedes = "gifts-2024.md"
[[documents]]
path = "reports.md"
title = "Suspicion Reports"
access = { allow = ["mlro"], deny = [] }
[[documents]]
path = "complaints.pdf"
title = "Complaints Policy"
access = { allow = ["staff", "public"], deny = [] }
"""

GIFTS = """# Gifts Policy

## 1 Limits

Staff may accept a gift worth up to £{limit}. A gift above the limit must be refused & recorded.

## 2 `<script>alert("x")</script>`

| Gift | Who approves |
|---|---|
| Wine above £{limit} | Head of `<b>Compliance</b>` |
| Flowers 🌷 | Nobody |
"""

REPORTS = """# Suspicion Reports

## 1 Channel

The secret handover of a suspicion report happens through the violet cabinet in room nine.
"""


def complaints_pdf() -> bytes:
    out = io.BytesIO()
    style = getSampleStyleSheet()
    story = [
        Paragraph("1 Keeping files", style["Heading1"]),
        Paragraph("Complaint files are kept for six years from the date of the final response.", style["Normal"]),
        PageBreak(),
        Paragraph("2 Acknowledgement", style["Heading1"]),
        Paragraph("A complaint must be acknowledged in writing within three working days.", style["Normal"]),
    ]
    SimpleDocTemplate(out).build(story)
    return out.getvalue()


def make(root: Path, *, mode: str = "demo", threshold: float = 0.0) -> Config:
    """Writes the project and publishes its first snapshot."""
    folder = root / "corpora" / "rules"
    folder.mkdir(parents=True)
    (root / "configs").mkdir()
    (root / "configs" / "default.toml").write_text(CONFIG.format(mode=mode, threshold=threshold), encoding="utf-8")
    (folder / "collection.toml").write_text(COLLECTION, encoding="utf-8")
    (folder / "gifts-2024.md").write_text(GIFTS.format(limit=40), encoding="utf-8")
    (folder / "gifts-2026.md").write_text(GIFTS.format(limit=75), encoding="utf-8")
    (folder / "reports.md").write_text(REPORTS, encoding="utf-8")
    (folder / "complaints.pdf").write_bytes(complaints_pdf())
    config = load(root / "configs" / "default.toml")
    pipeline = Pipeline(
        config=config,
        catalogue=Catalogue.open(config.data, clock),
        embedder=HashingEmbedder(),
        tell=lambda progress: None,
        new_id=new_id,
        clock=clock,
    )
    report = pipeline.run(Request())
    assert report.published, report
    assert not report.quarantined, report
    return config


class Unhurried(ScriptedGenerator):
    """Takes its time over every word, as a model on a small machine does."""

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int,
        seed: int,
        among: Sequence[Sequence[str]] | None = None,
    ) -> Pieces:
        for piece in super().generate(messages, max_new_tokens=max_new_tokens, seed=seed, among=among):
            time.sleep(0.3)
            yield piece


def assistant_of(config: Config, *, hurried: bool = True) -> Assistant:
    generator = ScriptedGenerator(choose=1) if hurried else Unhurried(choose=2)
    return build(config, Engines(embedder=HashingEmbedder(), generator=generator, device="cpu"), clock=clock)


def clock() -> datetime:
    return NOW
