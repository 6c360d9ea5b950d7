"""Optional loggers: TensorBoard and Weights & Biases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image

from graphssl.errors import ConfigError, words
from graphssl.training.metrics import Logger

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MODES = ("online", "offline", "disabled")


class TensorBoard(Logger):
    """Log to event files in ``<run folder>/tensorboard``.

    Args:
        folder: the run's folder.
        name: not used.
        config: the composed configuration, shown as text.
        resume_step: step from which training resumes; earlier rows of later steps are hidden.

    Raises:
        ConfigError: the package is not installed.
    """

    def __init__(
        self, folder: Path, name: str, config: Mapping[str, Any], resume_step: int = 0
    ) -> None:
        self.require()
        import yaml
        from torch.utils.tensorboard import SummaryWriter

        # A run that starts over writes all rows again, that of step 0 included.
        purged = resume_step + 1 if resume_step else 0
        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=purged)
        text = "".join(f"    {line}\n" for line in yaml.safe_dump(dict(config)).splitlines())
        self._writer.add_text("config", text, resume_step)

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

    def finish(self, step: int, values: Mapping[str, float], figures: Mapping[str, Figure]) -> None:
        """Log scalars and images at the last step."""
        self.log(step, values)
        for key, figure in figures.items():
            pixels = np.asarray(_image(figure))
            self._writer.add_image(f"figures/{key}", pixels, step, dataformats="HWC")

    def close(self) -> None:
        """Flush and close the file."""
        self._writer.close()


class WandB(Logger):
    """Log to a Weights & Biases run, which is resumed when training resumes.

    Args:
        folder: the run's folder; its name is the name of the W&B run.
        name: the run's id, which is the id of the W&B run.
        config: the composed configuration.
        resume_step: step from which training resumes.
        project: the W&B project.
        entity: the user or team that owns the run; None for the default.
        group: the W&B group of the run.
        tags: tags of the run, in addition to those of the configuration: ``+tags.study=depth``
            becomes ``study=depth``.
        mode: ``online``, ``offline`` or ``disabled``.

    Raises:
        ConfigError: the package is not installed, the mode is unknown, or W&B refuses the run.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        config: Mapping[str, Any],
        resume_step: int = 0,
        project: str = "graphssl",
        entity: str | None = None,
        group: str | None = None,
        tags: Sequence[str] = (),
        mode: str = "online",
    ) -> None:
        self.require(mode)
        import wandb

        named = [f"{key}={value}" for key, value in (config.get("tags") or {}).items()]
        try:
            self._run = wandb.init(
                project=project,
                entity=entity,
                group=group,
                tags=[*tags, *named],
                id=name,
                name=folder.name,
                resume="allow" if resume_step else None,
                dir=str(folder),
                config=dict(config),
                mode=cast(Any, mode),
                settings=wandb.Settings(console="off"),  # it would record the progress bar
            )
        except Exception as error:  # W&B's own errors, and those of its settings' checks
            raise ConfigError(
                f"logger=wandb: {words(error)}; logger.mode=offline needs no server"
            ) from error
        self._ended_well = False

    @staticmethod
    def require(mode: str = "online", **_: Any) -> None:
        """Raise ``ConfigError`` if the package is not installed or the mode is unknown."""
        if mode not in _MODES:
            raise ConfigError(f"logger.mode must be one of {', '.join(_MODES)}, got {mode}")
        try:
            import wandb  # noqa: F401
        except ImportError:
            raise _missing("wandb") from None

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log one row."""
        self._run.log(dict(values), step=step)

    def finish(self, step: int, values: Mapping[str, float], figures: Mapping[str, Figure]) -> None:
        """Set the summary values, and log images at the last step."""
        import wandb

        self._run.summary.update(dict(values))
        images = {f"figures/{key}": wandb.Image(_image(figure)) for key, figure in figures.items()}
        self._run.log(images, step=step)
        self._ended_well = True

    def close(self) -> None:
        """End the W&B run, as failed unless the run has finished."""
        self._run.finish(exit_code=0 if self._ended_well else 1)


class RunLoggers:
    """The loggers of one run, made when the step from which training resumes is known.

    Args:
        make: function of that step that returns the loggers.
    """

    def __init__(self, make: Callable[[int], Sequence[Logger]]) -> None:
        self._make = make
        self._made: Sequence[Logger] | None = None

    def at(self, step: int) -> Sequence[Logger]:
        """Return the loggers; the first call makes them, to resume from ``step``."""
        if self._made is None:
            self._made = self._make(step)
        return self._made

    def __enter__(self) -> RunLoggers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for logger in self._made or ():
            logger.close()


def _image(figure: Figure) -> Image.Image:
    # To draw the figure itself, either package would import pyplot, and with it a window system.
    file = BytesIO()
    figure.savefig(file, format="png", dpi=150)
    return Image.open(file)


def _missing(package: str) -> ConfigError:
    return ConfigError(
        f'logger={package} needs the package {package}: pip install "graphssl-werank[{package}]"'
    )
