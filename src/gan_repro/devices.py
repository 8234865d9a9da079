"""Which device computes."""

from typing import TYPE_CHECKING

from gan_repro.errors import ConfigurationError

if TYPE_CHECKING:
    import torch


def choose(name: str) -> "torch.device":
    """The device called ``name``; ``auto`` is CUDA, then Apple's MPS, then the CPU.

    Raises
    ------
    ConfigurationError
        When PyTorch knows no such device.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise ConfigurationError(
            f"engine.device: {name!r} is no PyTorch device. Expected auto, cpu, cuda or cuda:N."
        ) from error
