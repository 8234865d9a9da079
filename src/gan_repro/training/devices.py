"""How numbers are computed: precision, threads, determinism."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from gan_repro.devices import precision
from gan_repro.runs import Engine


def autocast(engine: Engine, device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 for matrix products and convolutions; weights and losses stay in float32."""
    if precision(engine.precision, device) == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@contextmanager
def computing(engine: Engine) -> Iterator[None]:
    """Set threads and deterministic algorithms for a run, and restore all global state after it."""
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    tf32 = torch.backends.cudnn.allow_tf32
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # CUDA's matmul asks for it
    torch.set_num_threads(engine.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.allow_tf32 = False  # float32 means float32: on CUDA it is on by default
    try:
        devices = list(range(torch.cuda.device_count()))
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic, warn_only=only_warns)
        torch.backends.cudnn.allow_tf32 = tf32
