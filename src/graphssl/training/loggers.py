"""TensorBoard and Weights & Biases, both optional."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphssl.errors import ConfigError


class TensorBoard:
    """Event files in ``<run folder>/tensorboard``; rows after ``resume_step`` are hidden there.

    Raises:
        ConfigError: the package is not installed.
    """

    def __init__(
        self, folder: Path, name: str, config: Mapping[str, Any], resume_step: int = 0
    ) -> None:
        self.require()
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=resume_step + 1)

    @staticmethod
    def require() -> None:
        """Raise ``ConfigError`` where the package is not installed."""
        try:
            import torch.utils.tensorboard  # noqa: F401
        except ImportError:
            raise _missing("tensorboard") from None

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """One scalar a value."""
        for key, value in values.items():
            self._writer.add_scalar(key, value, step)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


class WandB:
    """A Weights & Biases run; one that is resumed here is resumed there.

    Args:
        folder: where W&B keeps its local files.
        name: the run's id here, its id and name there.
        config: the composed configuration.
        resume_step: the step that training goes on from.
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
        resume_step: int = 0,
        project: str = "graphssl",
        mode: str = "online",
    ) -> None:
        self.require()
        import wandb

        self._run = wandb.init(
            project=project,
            id=name,
            name=name,
            resume="allow" if resume_step else None,
            dir=str(folder),
            config=dict(config),
            mode=mode,
        )

    @staticmethod
    def require() -> None:
        """Raise ``ConfigError`` where the package is not installed."""
        try:
            import wandb  # noqa: F401
        except ImportError:
            raise _missing("wandb") from None

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
