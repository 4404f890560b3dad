"""Plots as SVG: lines and groups of bars. Text stays text, nothing outside is referred to, the same figures give the same bytes.

matplotlib is an extra (`pip install "muniment[report]"`) and imported when something is drawn.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from assistant.errors import Unavailable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#33508c", "#b5651d", "#4f7f52", "#8a8a8a", "#7b4b94", "#a33b3b")
SIZE = (7.2, 3.6)
"""Inches, 72 points each."""

Points = Sequence[tuple[float, float]]


def ready() -> None:
    """`Unavailable` where nothing can be drawn; asked before hours of measuring."""
    if find_spec("matplotlib") is None:
        raise Unavailable('A report needs matplotlib; install it with pip install "muniment[report]".')


def lines(
    series: Mapping[str, Points],
    *,
    x: str,
    y: str,
    steps: bool = False,
    top: float | None = None,
    mark: tuple[str, tuple[float, float]] | None = None,
) -> str:
    """``steps``: each point holds from the one before it. ``mark``: one point named. Both axes begin at 0, the upright one ends
    at ``top``."""

    def draw(axes: Axes) -> None:
        for (name, points), colour in zip(series.items(), _colours(len(series)), strict=True):
            xs, ys = [p[0] for p in points], [p[1] for p in points]
            style = "steps-pre" if steps else "default"
            axes.plot(xs, ys, label=name, color=colour, marker="" if steps else "o", drawstyle=style)
        if mark:
            name, (at_x, at_y) = mark
            axes.plot([at_x], [at_y], label=name, color=COLOURS[-1], marker="D", linestyle="")
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        axes.set_xlim(left=0)
        axes.set_ylim(0, top)

    return _svg(draw, "+".join(series))


def bars(
    groups: Mapping[str, Mapping[str, float | None]],
    *,
    y: str,
    aims: Mapping[str, Mapping[str, float]] | None = None,
) -> str:
    """Shares: a group of bars for each name, a bar for each series, its value above it. ``aims``, by group and series, are
    lines across their bar."""
    series = list(dict.fromkeys(name for values in groups.values() for name in values))
    width = 0.8 / max(1, len(series))

    def draw(axes: Axes) -> None:
        for n, (name, colour) in enumerate(zip(series, _colours(len(series)), strict=True)):
            places = [g - 0.4 + width * (n + 0.5) for g in range(len(groups))]
            values = [own.get(name) for own in groups.values()]
            axes.bar(places, [v or 0.0 for v in values], width * 0.92, label=name, color=colour)
            for group, place, value in zip(groups, places, values, strict=True):
                if value is not None:
                    axes.annotate(f"{value:.2f}", (place, value), (0, 2), textcoords="offset points", ha="center")
                aim = (aims or {}).get(group, {}).get(name)
                if aim is not None:
                    axes.hlines(aim, place - width / 2, place + width / 2, colors="#000000", linestyles="dashed")
        if aims:
            axes.plot([], [], label="aim", color="#000000", linestyle="dashed")
        axes.set_xticks(range(len(groups)), list(groups))
        axes.set_ylabel(y)
        axes.set_ylim(0, 1.12)

    return _svg(draw, "+".join((*series, *groups)))


def _colours(count: int) -> list[str]:
    return [COLOURS[n % len(COLOURS)] for n in range(count)]


def _svg(draw: Callable[[Axes], None], salt: str) -> str:
    """``salt`` keeps names inside one drawing from those of another on the same page."""
    ready()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.size": 9, "font.family": "sans-serif"}):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.grid(True, color="#dddddd")
        axes.set_axisbelow(True)
        _legend(figure, axes)
        held = io.StringIO()
        figure.savefig(held, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn = held.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, names = axes.get_legend_handles_labels()
    if len(names) > 1:
        figure.legend(handles, names, loc="outside upper center", ncols=min(len(names), 4), frameon=False)
