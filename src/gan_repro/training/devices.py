"""How numbers are computed: precision, compilation, threads, determinism."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from gan_repro import memory
from gan_repro.devices import precision
from gan_repro.errors import ConfigurationError
from gan_repro.runs import Engine

MOST_PROGRAMS = 64
"""Of one function: an encoder of many levels has some for each. PyTorch's own 8 would do for most,
and a function beyond it is not compiled at all, in a resumed process perhaps another one."""


def autocast(engine: Engine, device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 for matrix products and convolutions; weights and losses stay in float32."""
    if precision(engine.precision, device) == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def compiled(player: nn.Module, engine: Engine) -> nn.Module:
    """The player, in place, compiled in its first pass; its weights keep their names.

    Shapes are fixed, one program each. Random numbers are PyTorch's own, so that dropout is that of
    eager mode. Whatever a method calls besides the player itself (``generator.features``) is eager.
    """
    graphs = engine.compile == "cuda_graphs"
    player.compile(dynamic=False, options={"fallback_random": True, "triton.cudagraphs": graphs})
    return player


@contextmanager
def compiling(engine: Engine) -> Iterator[None]:
    """Where compiled players may be called; explains why they can't be compiled.

    Raises
    ------
    ConfigurationError
        Where ``compile`` is asked for and PyTorch fails to: usually for want of a C++ compiler.
    """
    if not engine.compile:
        yield
        return
    from torch._dynamo import config
    from torch._dynamo.exc import BackendCompilerFailed

    try:
        with config.patch(recompile_limit=MOST_PROGRAMS):
            yield
    except BackendCompilerFailed as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError(
            f"engine.compile: {engine.compile} was asked for, but PyTorch could not compile: "
            f"{reason} It needs a C++ compiler on the CPU (g++, or the one that CXX names) and "
            "Triton on CUDA. Install it, or set compile to false in the scale's engine."
        ) from error


@contextmanager
def computing(engine: Engine) -> Iterator[None]:
    """Set threads and deterministic algorithms for a run, and restore all global state after it.

    Deterministic algorithms would also fill each new tensor before it is written, which finds bugs
    and takes a twentieth of a round.
    """
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    filling: Any = torch.utils.deterministic
    fills = filling.fill_uninitialized_memory
    tf32 = torch.backends.cudnn.allow_tf32
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # CUDA's matmul asks for it
    torch.set_num_threads(engine.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    filling.fill_uninitialized_memory = False
    torch.backends.cudnn.allow_tf32 = False  # float32 means float32: on CUDA it is on by default
    try:
        devices = list(range(torch.cuda.device_count()))
        with torch.random.fork_rng(devices=devices), memory.kept():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic, warn_only=only_warns)
        filling.fill_uninitialized_memory = fills
        torch.backends.cudnn.allow_tf32 = tf32
        if engine.compile:
            torch.compiler.reset()  # forgets this run's programs: the next one has its own
