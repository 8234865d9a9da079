"""Where and how numbers are computed: device, precision, threads, determinism."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from gan_repro.errors import ConfigurationError
from gan_repro.runs import Engine


def choose(name: str) -> torch.device:
    """The device called ``name``; ``auto`` is CUDA, then Apple's MPS, then the CPU."""
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


def autocast(engine: Engine, device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 for matrix products and convolutions; weights and losses stay in float32."""
    if engine.precision == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@contextmanager
def computing(engine: Engine) -> Iterator[None]:
    """Set threads and deterministic algorithms for a run, and restore all global state after it."""
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # CUDA's matmul asks for it
    torch.set_num_threads(engine.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        devices = list(range(torch.cuda.device_count()))
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
