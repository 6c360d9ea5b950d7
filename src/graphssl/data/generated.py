"""Graphs that their settings tell whole."""

from __future__ import annotations

from pathlib import Path


class Generated:
    """A dataset without files."""

    def fingerprint(self, data_dir: Path, mirror: Path | None = None) -> None:
        """None: the settings, which a run's id counts, say what the graph is."""
