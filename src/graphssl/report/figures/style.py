"""Style of figures: Okabe-Ito colours, one legend, light axes, reproducible SVG."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from graphssl.report.formats.plain import plain

# Okabe and Ito (2008), which colour-blind readers can tell apart; without black and yellow, since
# pages may be dark or light.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
GREY = "#808080"
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (6, 2, 1, 2, 1, 2)))
# Placeholder for the colour of the surrounding text, replaced when the SVG is written.
_INK = "#010203"
_RC: Any = {
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.titlesize": 9,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "grid.color": GREY,
    "legend.frameon": False,
    "svg.hashsalt": "graphssl",
    "svg.fonttype": "path",
}


def styled() -> AbstractContextManager[None]:
    """Return the context to draw in; outside it text is black, also on a dark page."""
    return mpl.rc_context(_RC)


def label(text: str) -> str:
    """Escape ``text`` for matplotlib: ``$`` begins no formula, ``_`` hides no legend entry."""
    shown = plain(text).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def panels(titles: Sequence[str], share_y: bool = False) -> tuple[Figure, list[Axes]]:
    """Make a figure with one panel per title, three per row, or four where that fills the rows."""
    across = min(4 if len(titles) % 4 in (0, 3) else 3, len(titles))
    down = math.ceil(len(titles) / across)
    wide = min(3.1, 10.4 / across)
    figure = Figure(figsize=(wide * across + 0.6, 2.7 * down + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(down, across, squeeze=False, sharey=share_y)
    axes = list(np.ravel(grid))
    for spare in axes[len(titles) :]:
        spare.remove()
    for panel, name in zip(axes, titles, strict=False):
        panel.set_title(label(name))
    return figure, axes[: len(titles)]


def name_axes(panel: Axes, x: str, y: str) -> None:
    """Label the axes of one panel."""
    panel.set(xlabel=label(x), ylabel=label(y))


def name_shared_axes(figure: Figure, x: str, y: str) -> None:
    """Label the axes of all panels together."""
    figure.supxlabel(label(x), fontsize=9)
    figure.supylabel(label(y), fontsize=9)


def look(index: int) -> dict[str, Any]:
    """Return colour, marker and line style of series ``index``; they differ for up to 30 series."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        # Shifted by one per cycle of colours, since a scatter plot has no lines to tell apart.
        "marker": MARKERS[(index + index // len(COLOURS)) % len(MARKERS)],
        "linestyle": LINES[index // len(COLOURS) % len(LINES)],
        "markersize": 4,
    }


def one_legend(figure: Figure, axes: Sequence[Axes], title: str = "") -> None:
    """Draw one legend above all panels, with each series once."""
    found: dict[str, Any] = {}
    for panel in axes:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    # As many columns as fit: about 6 points per letter, and 40 for the line sample.
    wide = max(6 * max(map(len, found), default=1) + 40, 1)
    columns = max(1, min(len(found), int(figure.get_figwidth() * 72 / wide)))
    rows = math.ceil(len(found) / columns)
    figure.set_figheight(figure.get_figheight() + 0.2 * (rows - 1))  # the panels keep their height
    figure.legend(
        found.values(),
        found.keys(),
        loc="outside upper center",
        ncols=columns,
        title=label(title) or None,
    )


def png(figure: Figure) -> bytes:
    """Render the figure as a PNG on a white background."""
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def svg(figure: Figure, name: str) -> str:
    """Render the figure as a transparent ``<svg>`` element that inherits the text colour."""
    buffer = io.StringIO()
    with styled():
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    # Ids must differ from those of other figures on the same page.
    text = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", text)
    # Without a fixed height the figure shrinks to the width of a phone.
    return re.sub(r'<svg([^>]*?) height="[^"]*"', r"<svg\1", text, count=1)
