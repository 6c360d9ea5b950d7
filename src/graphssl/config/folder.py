"""Where the configuration lies."""

from __future__ import annotations

from pathlib import Path


def config_dir() -> Path:
    """The absolute path of ``conf/``: inside an installed wheel, else at the repository's root."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parents[1] / "conf"
