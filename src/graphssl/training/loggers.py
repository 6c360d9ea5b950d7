"""Optional loggers: TensorBoard and Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphssl.errors import ConfigError


class TensorBoard:
    """Log to event files in ``<run folder>/tensorboard``.

    Args:
        folder: the run's folder.
        name: not used.
        config: not used.
        resume_step: step from which training resumes; earlier rows of later steps are hidden.

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
        """Raise ``ConfigError`` if the package is not installed."""
        try:
            import torch.utils.tensorboard  # noqa: F401
        except ImportError:
            raise _missing("tensorboard") from None

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log one scalar per value."""
        for key, value in values.items():
            self._writer.add_scalar(key, value, step)

    def close(self) -> None:
        """Flush and close the file."""
        self._writer.close()


class WandB:
    """Log to a Weights & Biases run, which is resumed when training resumes.

    Args:
        folder: folder for W&B's local files.
        name: id and name of the W&B run.
        config: the composed configuration.
        resume_step: step from which training resumes.
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
        """Raise ``ConfigError`` if the package is not installed."""
        try:
            import wandb  # noqa: F401
        except ImportError:
            raise _missing("wandb") from None

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log one row."""
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        """End the W&B run."""
        self._run.finish()


def _missing(package: str) -> ConfigError:
    return ConfigError(
        f'logger={package} needs the package {package}: pip install "graphssl-werank[{package}]"'
    )
