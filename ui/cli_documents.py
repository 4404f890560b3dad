"""``muniment documents``: what the user may read, and its exact text."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from assistant.config import load
from ui.options import ConfigFile, Groups, Json, UserName, day, show

documents_app = typer.Typer(no_args_is_help=True, help="What may be read.")


@documents_app.command("list")
def documents_list(
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE")] = None,
    user: UserName = None,
    groups: Groups = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """The documents that the user may read."""
    from ui.reading import document_json, reading_library

    library, principal = reading_library(load(config), user, groups)
    found = [document_json(d) for d in library.documents(principal, day(as_of))]
    if as_json:
        show({"documents": found})
    else:
        for d in found:
            print(f"{d['id']}  {d['title']}  {d['uri']}  {d['effective_from'] or ''}–{d['effective_to'] or ''}")


@documents_app.command("show")
def documents_show(
    document_id: Annotated[str, typer.Argument(metavar="ID")],
    text: Annotated[bool, typer.Option("--text", help="Only the canonical text, exactly.")] = False,
    user: UserName = None,
    groups: Groups = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """One document: what it is, or with --text its canonical text, UTF-8, nothing added."""
    from ui.reading import document_json, reading_library

    library, principal = reading_library(load(config), user, groups)
    document = library.document(document_id, principal)
    if text:
        sys.stdout.buffer.write(document.text.encode("utf-8"))
        sys.stdout.buffer.flush()
    elif as_json:
        show({**document_json(document), "text": document.text})
    else:
        for name, value in document_json(document).items():
            print(f"{name}: {value}")
