"""Options that several commands share, and how a command speaks: one JSON object on stdout, words on stderr."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Config file (default: configs/default.toml of this project).")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
UserName = Annotated[str | None, typer.Option("--user", help="Act as this configured user (default: access.cli_user).")]
Groups = Annotated[str | None, typer.Option("--groups", help="Comma-separated groups in place of the user's own.")]
Force = Annotated[bool, typer.Option("--force", help="Publish in spite of the gate; needs --reason.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]


def needs_reason(force: bool, reason: str) -> None:
    """Wrong usage, exit 2."""
    if force and not reason.strip():
        raise typer.BadParameter("--force needs --reason: it is kept in the record.")


def day(text: str | None) -> date | None:
    """Wrong usage, exit 2, where it is no date."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2026-11-21.") from error


def say(text: str) -> None:
    print(text, file=sys.stderr)


def show(body: dict[str, Any]) -> None:
    print(json.dumps({"schema_version": 1, **body}, ensure_ascii=False, indent=1, default=str))
