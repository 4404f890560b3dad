"""``muniment documents waiting, release, refuse``: what the quality rules keep out until a person decides."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from assistant.config import load
from assistant.knowledge.quarantine import Act
from ui.cli_snapshots import acting
from ui.options import ConfigFile, Groups, Json, UserName, show

Document = Annotated[str, typer.Argument(metavar="ID", help="Its id, as `waiting` and `ingest --json` give it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]


def register(documents_app: typer.Typer) -> None:
    documents_app.command("waiting")(waiting)
    documents_app.command("release")(release)
    documents_app.command("refuse")(refuse)


def waiting(user: UserName = None, groups: Groups = None, as_json: Json = False, config: ConfigFile = None) -> None:
    """Versions that were kept out, what was found of them, what was decided last; of the collections the user may read."""
    from assistant import access
    from assistant.build import principal_of
    from assistant.knowledge.catalogue import Catalogue
    from ui.stewardship import waiting as waiting_for

    settings = load(config)
    principal, catalogue = principal_of(settings, user, groups), Catalogue.open_existing(settings.data)
    policy = catalogue.policy()

    def readable(uri: str) -> bool:
        rule = policy.documents.get(uri) or policy.collections.get(uri.split("/")[0], access.NOBODY)
        return access.may_read(principal, rule)

    rows: list[dict[str, Any]] = [asdict(row) for row in waiting_for(catalogue, readable)]
    if as_json:
        show({"waiting": rows})
        return
    for row in rows:
        print(f"{row['document']}  {row['uri']}  {row['decision']['act'] if row['decision'] else 'waits'}")
        for finding in row["findings"]:
            print(f"  {finding['kind']}: {finding['message']}")


def release(
    document_id: Document, reason: Why, user: UserName = None, as_json: Json = False, config: ConfigFile = None
) -> None:
    """Let this very version in, in spite of what was found; the next ingestion takes it."""
    _decide(document_id, "released", reason, user, as_json, config)


def refuse(
    document_id: Document, reason: Why, user: UserName = None, as_json: Json = False, config: ConfigFile = None
) -> None:
    """Keep this version out, on record."""
    _decide(document_id, "refused", reason, user, as_json, config)


def _decide(document_id: str, act: Act, reason: str, user: str | None, as_json: bool, config: ConfigFile) -> None:
    from assistant.knowledge.catalogue import Catalogue
    from assistant.knowledge.quarantine import decide

    settings = load(config)
    catalogue = Catalogue.open_existing(settings.data)
    made = decide(
        catalogue,
        document_id,
        act,
        who=acting(settings, user),
        why=reason,
    )
    if as_json:
        show(asdict(made))
    else:
        print(f"{made.uri} is {made.act}: {', '.join(made.kinds)}")
