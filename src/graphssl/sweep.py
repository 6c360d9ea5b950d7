"""What a sweep does about jobs that fail: it goes on, lists them at the end, and exits non-zero.

Jobs may run in other processes, so they report through files in the sweep's own folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

# Jobs that failed in the sweep that this process started; the command line exits by it.
failed: list[str] = []


def failure_path(sweep_dir: str, job: int) -> Path:
    """Where job number ``job`` says that it failed."""
    return Path(sweep_dir) / "failed" / f"{job}.json"


class ListFailures(Callback):
    """Hydra calls it in the process that started the sweep, once every job has ended."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print a line for each failed job."""
        folder = failure_path(config.hydra.sweep.dir, 0).parent
        for path in sorted(folder.glob("*.json"), key=lambda p: int(p.stem)):
            found = json.loads(path.read_text(encoding="utf-8"))
            failed.append(f"{' '.join(found['overrides'])}: {found['error']}: {found['message']}")
        if failed:
            print(f"graphssl: {len(failed)} jobs failed (details in {folder}):", file=sys.stderr)
            for line in failed:
                print(f"  {line}", file=sys.stderr)
