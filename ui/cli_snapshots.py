"""``muniment snapshots …``: the generations of the knowledge, and which of them is served."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer

from assistant.config import Config, load
from assistant.errors import AccessError, Unavailable
from assistant.knowledge import generations
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.candidates import candidate_of
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.publish import Publisher
from ui.options import ConfigFile, Force, Groups, Json, Reason, UserName, needs_reason, say, show

snapshots_app = typer.Typer(no_args_is_help=True, help="The generations of the knowledge, and which is served.")

Snapshot = Annotated[str | None, typer.Argument(metavar="[ID]", help="A snapshot's id (default: the served one).")]


def acting(config: Config, user: str | None) -> str:
    """Who does it: a configured user, else the name this process runs under."""
    known = {u.id for u in config.access.users}
    if user is not None and user not in known:
        raise AccessError(
            f"There is no user {user!r}; give one of: {', '.join(sorted(known)) or 'none are configured'}."
        )
    return user or config.access.cli_user or os.environ.get("USER", "cli")


def served(config: Config) -> str:
    current = snapshots.current_id(config.data)
    if current is None:
        raise Unavailable("No knowledge has been published yet; run `muniment ingest`.")
    return current


@snapshots_app.command("list")
def list_(as_json: Json = False, config: ConfigFile = None) -> None:
    """Every snapshot on disk, when it was published, which one is served, what waits for publication."""
    settings = load(config)
    rows = generations.generations(settings.data, Catalogue.open_existing(settings.data))
    if as_json:
        show({"snapshots": [asdict(row) for row in rows]})
        return
    for row in rows:
        state = "damaged" if row.damage else "served" if row.served else "waits" if row.waits else ""
        counts = f"{row.documents} documents, {row.passages} passages, {row.bytes / 1e6:.1f} MB"
        print(f"{row.id}  {state:7}  {counts}  {row.published or '-'}")


@snapshots_app.command("show")
def show_(
    snapshot: Snapshot = None,
    user: UserName = None,
    groups: Groups = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """One snapshot: what it was made of, who prepared and published it and why, what the gate said, its documents."""
    from assistant.build import principal_of
    from ui.reading import document_json

    settings = load(config)
    catalogue, principal = Catalogue.open_existing(settings.data), principal_of(settings, user, groups)
    name = snapshot or served(settings)
    manifest = snapshots.verify(snapshots.folder_of(settings.data, name))
    documents = generations.visible_documents(settings.data, catalogue, name, principal)
    candidate = candidate_of(catalogue, name)
    body = {
        "snapshot": name,
        "served": name == snapshots.current_id(settings.data),
        **{part: manifest.inputs[part] for part in ("embedder", "splitter", "dense", "lexical")},
        "purged": list(manifest.purged),
        "prepared": None
        if candidate is None
        else {part: getattr(candidate, part) for part in ("at", "who", "why", "parent")},
        "verdict": candidate.verdict if candidate else None,
        "publications": [row for row in catalogue.publications() if row["snapshot"] == name],
        "documents": [document_json(d) for d in documents],
    }
    if as_json:
        show(body)
    else:
        print("\n".join(_shown(body)))


def _shown(body: dict[str, Any]) -> Iterator[str]:
    yield f"{body['snapshot']}{' (served)' if body['served'] else ''}: {len(body['documents'])} documents you may see"
    for row in body["publications"]:
        forced = ", forced" if row["forced"] else ""
        yield f"  {row['kind']} {row['at']} by {row['who']}{forced}: {row['why']}"
    for check in (body["verdict"] or {"checks": []})["checks"]:
        yield f"  {'pass' if check['passed'] else 'FAIL'} {check['name']}: {check['said']}"
    for document in body["documents"]:
        yield f"  {document['id']}  {document['title']}  {document['uri']}"


@snapshots_app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(metavar="FROM", help="A snapshot's id.")],
    new: Annotated[str | None, typer.Argument(metavar="[TO]", help="Another's (default: the served one).")] = None,
    user: UserName = None,
    groups: Groups = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """What differs between two snapshots, among the documents that the user may read."""
    from assistant.build import principal_of

    settings = load(config)
    catalogue, principal = Catalogue.open_existing(settings.data), principal_of(settings, user, groups)
    to = new or served(settings)
    before, after = (generations.visible_documents(settings.data, catalogue, name, principal) for name in (old, to))
    found = generations.difference(before, after)
    if as_json:
        show({"from": old, "to": to, **found})
        return
    print(f"{old} → {to}: {found['unchanged']} unchanged")
    for sign, name in (("+", "added"), ("-", "removed")):
        for uri in found[name]:
            print(f"{sign} {uri}")
    for change in found["changed"]:
        print(f"~ {change['uri']}: {', '.join(change['what'])}")


@snapshots_app.command("card")
def card(snapshot: Snapshot = None, user: UserName = None, groups: Groups = None, config: ConfigFile = None) -> None:
    """A dataset card of what the user may read of a snapshot, as Markdown: sources, licences, quality, gaps."""
    from assistant.build import principal_of
    from ingest.card import dataset_card
    from ingest.described import described

    settings = load(config)
    catalogue, principal = Catalogue.open_existing(settings.data), principal_of(settings, user, groups)
    name = snapshot or served(settings)
    documents = generations.visible_documents(settings.data, catalogue, name, principal)
    seen = {d.id for d in documents}
    passages = [p for p in generations.contents_of(settings.data, name)[1] if p.document_id in seen]
    collections, findings = described(catalogue, settings.root, documents)
    print(
        dataset_card(
            snapshot=name,
            documents=documents,
            passages=passages,
            collections=collections,
            findings=findings,
            today=date.today(),
        ),
        end="",
    )


@snapshots_app.command("publish")
def publish(
    snapshot: Annotated[str, typer.Argument(metavar="ID", help="A snapshot that an ingestion prepared.")],
    reason: Reason = "",
    force: Force = False,
    user: UserName = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Serve a prepared snapshot; running servers notice by themselves."""
    needs_reason(force, reason)
    settings = load(config)
    publisher = Publisher(settings.data, Catalogue.open_existing(settings.data), four_eyes=settings.publish.four_eyes)
    done = publisher.publish(snapshot, who=acting(settings, user), why=reason or "publish", force=force)
    if as_json:
        show({"snapshot": snapshot, "published": done})
    else:
        print(f"{snapshot} is served{'' if done else ' already'}")


@snapshots_app.command("rollback")
def rollback(
    snapshot: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One that was served before (default: the one before).")
    ] = None,
    reason: Reason = "",
    user: UserName = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Serve an earlier snapshot again. The access policy is live and stays as it is."""
    settings = load(config)
    left = snapshots.current_id(settings.data)
    publisher = Publisher(settings.data, Catalogue.open_existing(settings.data))
    now = publisher.rollback(snapshot, who=acting(settings, user), why=reason or "rollback")
    if as_json:
        show({"snapshot": now, "from": left})
    else:
        print(f"{now} is served again in place of {left}")


@snapshots_app.command("verify")
def verify(snapshot: Snapshot = None, as_json: Json = False, config: ConfigFile = None) -> None:
    """Re-hash every file of a snapshot against its manifest."""
    settings = load(config)
    manifest = snapshots.verify(snapshots.folder_of(settings.data, snapshot or served(settings)))
    if as_json:
        show({"snapshot": manifest.id, "files": dict(manifest.files), "intact": True})
    else:
        print(f"{manifest.id}: {len(manifest.files)} files as written, {manifest.passages} passages")


@snapshots_app.command("prune")
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; throw nothing away.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Throw away what receipts need, too; needs --reason.")] = False,
    reason: Reason = "",
    user: UserName = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Throw away snapshots that are neither served, nor the one before, nor waiting, nor needed by a receipt."""
    from assistant.knowledge.catalogue import utc_now
    from assistant.record.ledger import SqliteLedger
    from ingest.lock import ingestion_lock

    needs_reason(force, reason)
    settings = load(config)
    catalogue, who = Catalogue.open_existing(settings.data), acting(settings, user)
    with ingestion_lock(settings.data, settings.ingest.lock_seconds, who=who, clock=utc_now):
        pruned = generations.prune(settings.data, catalogue, force=force, dry_run=True)
        if pruned.removed and not dry_run:
            record = {"snapshots": list(pruned.removed), "who": who, "why": reason or "prune", "forced": force}
            SqliteLedger(catalogue).append("pruned", record)
        if not dry_run:
            generations.prune(settings.data, catalogue, force=force)
    if as_json:
        show({"dry_run": dry_run, **asdict(pruned)})
        return
    for name in pruned.removed:
        print(f"{'would go' if dry_run else 'gone'}  {name}")
    for name, why in pruned.kept.items():
        print(f"kept  {name}: {why}")
    say(f"{pruned.bytes / 1e6:.1f} MB, {pruned.sources} source files")
