"""Location of the configuration folder."""

from __future__ import annotations

from pathlib import Path


def config_dir() -> Path:
    """Return the absolute path of ``conf/``, in the installed package or the repository root."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parents[1] / "conf"
