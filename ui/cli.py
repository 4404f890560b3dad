"""The command line. With ``--json`` stdout holds exactly one JSON object; progress and words go to stderr.

Exit 0: done (an abstention is an answer). 1: refused or failed, with one clear line. 2: wrong usage. Heavy modules are
imported by the command that needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.config import load
from assistant.errors import InputError, MunimentError
from ui import cli_answers, cli_backup, cli_calls, cli_quarantine, cli_taking_back, cli_voice
from ui.cli_access import access_app
from ui.cli_bench import bench_app
from ui.cli_documents import documents_app
from ui.cli_eval import eval_app
from ui.cli_models import models_app
from ui.cli_retrieval import register as register_retrieval
from ui.cli_snapshots import acting, snapshots_app
from ui.cli_train import train_app
from ui.options import ConfigFile, Force, Groups, Json, Reason, UserName, day, needs_reason, say, show

TRACEBACK = "MUNIMENT_TRACEBACK"
"""Set in the environment, a fault of the program shows where it arose."""

app = typer.Typer(
    name="muniment",
    help="Answers from sanctioned documents; every sentence checked against the passage it cites.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli_quarantine.register(documents_app)
cli_taking_back.register(documents_app)
app.add_typer(documents_app, name="documents")
app.add_typer(snapshots_app, name="snapshots")
app.add_typer(access_app, name="access")
app.add_typer(models_app, name="models")
register_retrieval()
cli_answers.register(eval_app)
app.add_typer(eval_app, name="eval")
app.add_typer(bench_app, name="bench")
app.add_typer(train_app, name="train")
cli_voice.register(app, eval_app)
cli_calls.register(eval_app)
cli_backup.register(app)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question; - reads it from stdin.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="What was in force on DATE (YYYY-MM-DD).")
    ] = None,
    user: UserName = None,
    groups: Groups = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Ask one question and read the cited answer."""
    from assistant.answer import checked
    from assistant.build import build, principal_of
    from assistant.contract import answer_json
    from assistant.types import Failed, Finished, Question, Retrieved
    from ui.terminal import answer_lines

    settings = load(config)
    text = sys.stdin.read() if question == "-" else question
    principal = principal_of(settings, user, groups)
    on = day(as_of)
    checked(text, settings.limits.question_characters)  # before the models are loaded
    assistant = build(settings)
    asked = Question(text=text, principal=principal, as_of=on or assistant.clock().date(), channel="cli")
    for event in assistant.ask(asked):
        match event:
            case Retrieved(hits=hits):
                say(f"{len(hits)} passages found")
            case Failed(message=message):
                raise InputError(message)
            case Finished(answer=answer):
                if as_json:
                    show(answer_json(answer))
                else:
                    print("\n".join(answer_lines(answer)))
            case _:
                pass


@app.command()
def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Collection folders or files (default: all of corpora/).")
    ] = None,
    collection: Annotated[
        Path | None, typer.Option("--collection", help="collection.toml for paths without one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; compute nothing.")] = False,
    no_publish: Annotated[
        bool, typer.Option("--no-publish", help="Build the snapshot, keep serving the old one.")
    ] = False,
    force: Force = False,
    reason: Reason = "",
    user: UserName = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Read documents, embed what is new and publish a new snapshot."""
    from ingest.pipeline import Request, report_json
    from ui.ingestion import pipeline_of
    from ui.terminal import ProgressLine, report_lines

    needs_reason(force, reason)
    settings = load(config)
    line = ProgressLine(sys.stderr)
    pipeline = pipeline_of(settings, line)
    request = Request(
        paths=tuple(paths or ()),
        collection=collection,
        dry_run=dry_run,
        publish=not no_publish,
        force=force,
        who=acting(settings, user),
        why=reason or "ingest",
    )
    report = pipeline.run(request)
    line.close()
    if as_json:
        show(report_json(report))
    else:
        print("\n".join(report_lines(report)))


@app.command()
def serve(
    port: Annotated[
        int | None, typer.Option("--port", help="Port (default: server.port, or PORT in the environment).")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address (default: server.host).")] = None,
    config: ConfigFile = None,
) -> None:
    """Serve the app and the HTTP API until interrupted."""
    from ui.serve import serve as run

    settings = load(config)
    run(settings, port=port if port is not None else _port_from_environment(), host=host)


@app.command()
def doctor(as_json: Json = False, config: ConfigFile = None) -> None:
    """What is present, what was chosen and why, what is degraded."""
    from ui.doctor import examine

    findings = examine(load(config))
    if as_json:
        show(findings)
    else:
        for name, (state, text) in findings["findings"].items():
            print(f"{state:9} {name}: {text}")


def main() -> None:
    """The border where errors become words."""
    with contextlib.suppress(AttributeError):
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # typed as TextIO, in truth a TextIOWrapper
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]  # likewise
    try:
        app()
    except MunimentError as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say("Interrupted; nothing that was published has changed.")
        sys.exit(1)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        said = " ".join(str(error).split())[:200]
        say(f"A fault of this program ({type(error).__name__}: {said}); set {TRACEBACK}=1 to see where, and report it.")
        sys.exit(1)


def _port_from_environment() -> int | None:
    text = os.environ.get("PORT", "")
    if text and not text.isdigit():
        raise InputError(f"PORT={text} is not a port number.")
    return int(text) if text else None


if __name__ == "__main__":
    main()
