"""Which device computes, and in which precision."""

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


def precision(asked: str, device: "torch.device") -> str:
    """``float32`` or ``bfloat16``: what ``auto`` stands for is what the device computes faster.

    Where a processor has no bfloat16 arithmetic PyTorch imitates it, at half the speed of float32
    and less. PyTorch's MPS is given float32, untried.
    """
    import torch

    if asked != "auto":
        return asked
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        found: dict[str, bool] = getattr(
            torch.cpu, "get_capabilities", dict
        )()  # not in PyTorch 2.9
        native = device.type == "cpu" and bool(found.get("avx512_bf16") or found.get("amx_bf16"))
    return "bfloat16" if native else "float32"
