"""``muniment models``: the locked models, fetched and verified."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from assistant.config import load
from ui.options import ConfigFile, Json, UserName, say, show

models_app = typer.Typer(no_args_is_help=True, help="The locked models: list, pull, verify; the adapter that answers.")


@models_app.command("list")
def models_list(as_json: Json = False, config: ConfigFile = None) -> None:
    """The models of the lock: task, licence, source, whether pulled."""
    from assistant.models.registry import Registry

    rows = Registry(load(config)).list()
    if as_json:
        show({"models": rows})
    else:
        for row in rows:
            print(
                f"{row['name']:22} {row['task']:12} {row['licence']:12} {'pulled' if row['pulled'] else '-':8} {row['purpose']}"
            )


@models_app.command("pull")
def models_pull(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models of the lock (default: those the config needs).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every model of the lock.")] = False,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Fetch, verify, join and convert models; what is there already is left alone."""
    from assistant.models.registry import Registry
    from ui.terminal import ProgressLine

    settings = load(config)
    registry = Registry(settings)
    wanted = names or ([row["name"] for row in registry.list()] if everything else list(registry.needed()))
    line = ProgressLine(sys.stderr)
    pulled = {name: str(registry.pull(name, line)) for name in wanted}
    line.close()
    if as_json:
        show({"models": pulled})
    else:
        print(f"{len(pulled)} models ready: {', '.join(pulled)}")


@models_app.command("verify")
def models_verify(as_json: Json = False, config: ConfigFile = None) -> None:
    """Re-hash every file of every pulled model against its manifest and the lock."""
    from assistant.models.registry import Registry

    registry = Registry(load(config))
    pulled = [row["name"] for row in registry.list() if row["pulled"]]
    for name in pulled:
        registry.verify(name)
        say(f"{name}: as locked")
    if as_json:
        show({"verified": pulled})


@models_app.command("switch")
def models_switch(
    adapter: Annotated[str, typer.Argument(help="An adapter of the config, or none.")],
    user: UserName = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> None:
    """Change the generator's adapter: every question from now on is answered through it, in running servers too."""
    from assistant.build import principal_of
    from assistant.knowledge.catalogue import Catalogue
    from assistant.record.ledger import SqliteLedger
    from assistant.release import serving_adapter, switch_adapter

    settings = load(config)
    before = serving_adapter(settings)
    ledger = SqliteLedger(Catalogue.open_existing(settings.data))
    switch_adapter(settings, adapter, ledger, principal_of(settings, user).user)
    if as_json:
        show({"adapter": serving_adapter(settings), "before": before})
    else:
        print(f"Adapter: {adapter}; before: {before or 'none'}.")
