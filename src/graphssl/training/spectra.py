"""``spectra.npz``: the spectra of a run, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from graphssl.atomic import replace_bytes
from graphssl.data.npz_file import read_npz
from graphssl.training.damaged import set_aside


class SpectraFile:
    """Arrays under the keys ``<step>/<where>/<which>``, float32.

    The whole file is written anew each time and renamed, so a reader never sees half of one.

    Args:
        path: the file.
        resume_step: arrays of later steps are dropped; they come again. A file that cannot be read
            is set aside.
    """

    def __init__(self, path: Path, resume_step: int = 0) -> None:
        self.path = path
        self._arrays: dict[str, Any] = {}
        if path.exists():
            try:
                kept = read_npz(path)
                self._arrays = {k: kept[k] for k in kept if int(k.split("/")[0]) <= resume_step}
            except Exception as error:  # whatever a damaged archive gives
                set_aside(path, error)

    def add(self, step: int, arrays: Mapping[str, Any]) -> None:
        """Add the arrays of ``step``."""
        self._arrays |= {f"{step}/{key}": np.float32(value) for key, value in arrays.items()}
        content = BytesIO()
        np.savez_compressed(content, **self._arrays)
        replace_bytes(self.path, content.getbuffer())
