"""The page's own scripts and style sheets, in the order they are loaded; served under ``/ui/``."""

from __future__ import annotations

STYLES = ("style.css", "knowledge.css")
SCRIPTS = ("app.js", "microphone.js", "knowledge.js")
