"""What every part of the Gradio page is made with: our own HTML component, private handlers, and who sent a request."""

from __future__ import annotations

from typing import Any

import gradio as gr

from assistant.errors import AccessError
from ui.ask import Visitor
from ui.assets import SCRIPTS, STYLES

HEAD = "".join(f'<link rel="stylesheet" href="/ui/{name}">' for name in STYLES) + "".join(
    f'<script src="/ui/{name}"></script>' for name in SCRIPTS
)
WIRE = "muniment.wire(element, trigger, watch)"
HIDDEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def visitor_of(request: gr.Request) -> Visitor:
    """Raises `AccessError` for a call without a browser behind it."""
    if request.request is None or not request.session_hash:
        raise AccessError("This can only be used from the page.")
    return Visitor(cookies=dict(request.request.cookies), page=request.session_hash)


def own_html(name: str, *events: str, kind: str = "scroll") -> gr.HTML:
    """Our own HTML. Gradio learns the names of its events by finding them quoted in the script."""
    names = ", ".join(f"'{event}'" for event in events)
    return gr.HTML(
        "", elem_id=name, elem_classes=kind, apply_default_css=False, head=HEAD, js_on_load=f"{WIRE}; // {names}"
    )
