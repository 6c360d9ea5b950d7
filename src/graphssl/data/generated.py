"""Graphs that are fully determined by their settings."""

from __future__ import annotations

from pathlib import Path


class Generated:
    """A dataset without files."""

    def fingerprint(self, data_dir: Path, mirror: Path | None = None) -> None:
        """Return None: the settings, which are part of a run's id, determine the graph."""
