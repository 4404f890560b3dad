"""``muniment documents withdraw, readmit, purge``: taking back what was published."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from assistant.config import Config, load
from assistant.errors import AccessError
from ui.cli_snapshots import acting
from ui.options import ConfigFile, Json, UserName, show

Why = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]


def register(documents_app: typer.Typer) -> None:
    documents_app.command("withdraw")(withdraw)
    documents_app.command("readmit")(readmit)
    documents_app.command("purge")(purge)


def withdraw(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its key (all versions), or the id or uri of a version.")],
    reason: Why,
    user: UserName = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Nobody reads it any more, from the next question on; it is kept for replay, and the next ingestion leaves it out."""
    from assistant.knowledge import withdrawals
    from assistant.knowledge.catalogue import Catalogue
    from ui.reading import reading_library

    settings = load(config)
    library, principal = reading_library(settings, user, None)
    seen = library.documents(principal, None)
    found = next((d.key for d in seen if key in (d.key, d.id, d.uri)), None)
    if found is None:
        raise AccessError("There is no such document among those you may see.")
    withdrawals.withdraw(Catalogue.open_existing(settings.data), found, who=acting(settings, user), why=reason)
    if as_json:
        show({"key": found, "withdrawn": True})
    else:
        print(f"{found} is withdrawn")


def readmit(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key that was withdrawn.")],
    reason: Why,
    user: UserName = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Take a withdrawal back: who could read it can again, and the next ingestion takes it."""
    from assistant.knowledge import withdrawals
    from assistant.knowledge.catalogue import Catalogue

    settings = load(config)
    withdrawals.readmit(Catalogue.open_existing(settings.data), key, who=acting(settings, user), why=reason)
    if as_json:
        show({"key": key, "withdrawn": False})
    else:
        print(f"{key} is readmitted")


def purge(
    document_id: Annotated[
        str, typer.Argument(metavar="ID", help="A document's id; whatever has the same bytes goes too.")
    ],
    reason: Why,
    user: UserName = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Erase a document everywhere: snapshots, ingested files, cached vectors, receipts that quote it. There is no way back."""
    from assistant.build import build_embedder
    from assistant.knowledge.catalogue import Catalogue, utc_now
    from ingest.purge import purge as erase

    settings = load(config)
    _may_see(settings, document_id, user)
    who = acting(settings, user)
    catalogue, embedder = Catalogue.open_existing(settings.data), build_embedder(settings)
    erased = erase(settings, catalogue, embedder, document_id, who=who, why=reason, clock=utc_now)
    if as_json:
        show({"document": document_id, **erased})
        return
    print(f"{document_id} is erased: {len(erased['snapshots_rewritten'])} snapshots written again without it, ", end="")
    print(f"{len(erased['snapshots_removed'])} thrown away, {len(erased['receipts'])} receipts emptied")
    print("Delete the file in its folder too; backups made before still hold it.")


def _may_see(config: Config, document_id: str, user: str | None) -> None:
    """In any snapshot on disk, withdrawn or not; the same words whether it does not exist or may not be read."""
    from assistant import access
    from assistant.build import principal_of
    from assistant.knowledge import snapshot as snapshots
    from assistant.knowledge.catalogue import Catalogue
    from assistant.knowledge.withdrawals import purges

    principal, catalogue = principal_of(config, user), Catalogue.open_existing(config.data)
    policy = replace(catalogue.policy(), withdrawn=frozenset())
    for folder in sorted((config.data / "snapshots").glob("s-*")):
        documents, _ = snapshots.read_contents(folder / snapshots.CONTENTS)
        if any(d.id == document_id and access.visible(principal, policy, d, None) for d in documents):
            return
    if document_id not in purges(catalogue):  # to be given again after a crash
        raise AccessError("There is no such document among those you may see.")
