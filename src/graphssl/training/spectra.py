"""The file ``spectra.npz`` with the spectra of a run."""

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
    """A file of float32 arrays under the keys ``<step>/<where>/<which>``.

    The file is rewritten atomically each time, so a reader never sees part of one.

    Args:
        path: the file.
        resume_step: step from which training resumes; arrays of later steps are dropped. An
            unreadable file is set aside.
    """

    def __init__(self, path: Path, resume_step: int = 0) -> None:
        self.path = path
        self._arrays: dict[str, Any] = {}
        if path.exists():
            try:
                kept = read_npz(path)
                self._arrays = {k: kept[k] for k in kept if int(k.split("/")[0]) <= resume_step}
            except Exception as error:  # a damaged archive may raise anything
                set_aside(path, error)

    def add(self, step: int, arrays: Mapping[str, Any]) -> None:
        """Add the arrays of ``step``."""
        self._arrays |= {f"{step}/{key}": np.float32(value) for key, value in arrays.items()}
        content = BytesIO()
        np.savez_compressed(content, **self._arrays)
        replace_bytes(self.path, content.getbuffer())
