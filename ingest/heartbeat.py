"""How a reader in the limited child says that it is getting on: its time limit then counts anew. For work in equal steps of
seconds each (scanned pages), and only with a limit on the steps. Elsewhere nothing listens."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[], None]] = []


def listen(told: Callable[[], None]) -> None:
    _listeners.append(told)


def beat() -> None:
    for told in _listeners:
        told()
