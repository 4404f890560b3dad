"""``muniment access show, revoke, restore``: who may read what, now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assistant.config import load
from assistant.errors import AccessError
from ui.options import ConfigFile, Groups, Json, UserName, show

access_app = typer.Typer(
    no_args_is_help=True, help="Who may read what; what is revoked holds from the next question on."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A collection's id, or a document's key, uri or id.")]
Group = Annotated[str, typer.Option("--group", help="The group that loses or regains it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]


@access_app.command("show")
def show_(user: UserName = None, groups: Groups = None, as_json: Json = False, config: ConfigFile = None) -> None:
    """The rule that holds for each document the user may read."""
    from assistant.access import access_json
    from assistant.knowledge.catalogue import Catalogue
    from ui.reading import reading_library

    settings = load(config)
    library, principal = reading_library(settings, user, groups)
    policy = Catalogue.open_existing(settings.data).policy()
    seen = library.documents(principal, None)
    rows: list[dict[str, Any]] = [{"uri": d.uri, "id": d.id, **access_json(policy.access_of(d))} for d in seen]
    if as_json:
        show({"policy": policy.version, "documents": rows})
        return
    for row in rows:
        denied = f", not {', '.join(row['deny'])}" if row["deny"] else ""
        print(f"{row['uri']}: {', '.join(row['allow'])}{denied}")


@access_app.command("revoke")
def revoke(
    name: Name, group: Group, reason: Why, user: UserName = None, as_json: Json = False, config: ConfigFile = None
) -> None:
    """A group loses a collection or a document, whatever the collection files say, until it is restored."""
    from assistant.knowledge import withdrawals
    from assistant.knowledge.catalogue import Catalogue
    from ui.cli_snapshots import acting
    from ui.reading import reading_library

    settings = load(config)
    library, principal = reading_library(settings, user, None)
    seen = library.documents(principal, None)
    found = next((d.key for d in seen if name in (d.id, d.key)), None) or next(
        (name for d in seen if name in (d.uri, d.collection)), None
    )
    if found is None:
        raise AccessError("There is no such collection or document among those you may see.")
    who = acting(settings, user)
    withdrawals.revoke(Catalogue.open_existing(settings.data), found, group, who=who, why=reason)
    _told(found, group, "revoked", as_json)


@access_app.command("restore")
def restore(
    name: Name, group: Group, reason: Why, user: UserName = None, as_json: Json = False, config: ConfigFile = None
) -> None:
    """Take a revocation back, by the name it was given with: the collection files decide again."""
    from assistant.knowledge import withdrawals
    from assistant.knowledge.catalogue import Catalogue
    from ui.cli_snapshots import acting

    settings = load(config)
    who = acting(settings, user)
    withdrawals.restore(Catalogue.open_existing(settings.data), name, group, who=who, why=reason)
    _told(name, group, "restored", as_json)


def _told(name: str, group: str, act: str, as_json: bool) -> None:
    if as_json:
        show({"name": name, "group": group, "act": act})
    else:
        print(f"{name} is {act} {'from' if act == 'revoked' else 'to'} {group}")
