"""``muniment backup`` and ``muniment restore``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assistant.config import load
from ui.options import ConfigFile, Json, show


def register(app: typer.Typer) -> None:
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder for the copy.")],
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Copy the catalogue, the ledger, every snapshot and the ingested files, consistently, while the server runs."""
    from assistant.knowledge import backup as backups
    from assistant.knowledge.catalogue import Catalogue, utc_now
    from ingest.lock import ingestion_lock

    settings = load(config)
    catalogue = Catalogue.open_existing(settings.data)
    with ingestion_lock(settings.data, settings.ingest.lock_seconds, who="backup", clock=utc_now):
        saved = backups.backup(catalogue, settings.data, target)
    if as_json:
        show({"backup": str(target), **asdict(saved)})
    else:
        print(f"{target}: {saved.files} files, {saved.bytes / 1e6:.1f} MB; served is {saved.served or 'nothing yet'}")


def restore(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `muniment backup` wrote.")],
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Bring a backup back into an empty data folder; every file is checked first."""
    from assistant.knowledge import backup as backups

    settings = load(config)
    saved = backups.restore(source, settings.data)
    if as_json:
        show({"data": str(settings.data), **asdict(saved)})
    else:
        print(f"{settings.data}: {saved.files} files of {saved.at}; served is {saved.served or 'nothing yet'}")
