"""TensorBoard and Weights & Biases, both optional."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphssl.errors import ConfigError


class TensorBoard:
    """Event files in ``<run folder>/tensorboard``.

    Raises:
        ConfigError: the package is not installed.
    """

    def __init__(self, folder: Path, name: str, config: Mapping[str, Any]) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise _missing("tensorboard") from None
        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """One scalar a value."""
        for key, value in values.items():
            self._writer.add_scalar(key, value, step)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


class WandB:
    """A Weights & Biases run.

    Args:
        folder: where W&B keeps its local files.
        name: the run's id here, its name there.
        config: the composed configuration.
        project: the W&B project.
        mode: ``online``, ``offline`` or ``disabled``.

    Raises:
        ConfigError: the package is not installed.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        config: Mapping[str, Any],
        project: str = "graphssl",
        mode: str = "online",
    ) -> None:
        try:
            import wandb
        except ImportError:
            raise _missing("wandb") from None
        self._run = wandb.init(
            project=project, name=name, dir=str(folder), config=dict(config), mode=mode
        )

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """One row."""
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        """End the W&B run."""
        self._run.finish()


def _missing(package: str) -> ConfigError:
    return ConfigError(
        f'logger={package} needs the package {package}: pip install "graphssl-werank[{package}]"'
    )
