"""TensorBoard events of a run, beside its state; written only where the scale asks for them."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from gan_repro.runs import Engine

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Events:
    """Writes each window's means; a resume purges what was written after the checkpoint."""

    def __init__(self, engine: Engine, folder: Path, start: int) -> None:
        self.writer: SummaryWriter | None = None
        if engine.events == "tensorboard":
            from torch.utils import tensorboard

            self.writer = tensorboard.SummaryWriter(str(folder / "events"), purge_step=start)

    def __enter__(self) -> "Events":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self.writer:
            self.writer.close()

    def write(self, round_number: int, means: dict[str, float]) -> None:
        """Write one window."""
        if self.writer:
            for name, value in means.items():
                self.writer.add_scalar(name.replace(".", "/", 1), value, round_number)
