"""A Ray cluster of two machines: two `ray start` on this one, which share its disk."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gan_repro.runners.ray_runner import SETTINGS

PATIENCE = 120.0
ENVIRONMENT = {**SETTINGS, "RAY_AUTH_MODE": "disabled", "OMP_NUM_THREADS": "1"}
JOINED = """
import time, ray
ray.init(logging_level="error")
while sum(node["Alive"] for node in ray.nodes()) < 2:
    time.sleep(0.1)
"""


@contextmanager
def two_machines(cpus: int = 1) -> Iterator[str]:
    """The address of a cluster whose machines have ``cpus`` each; it has ended with the context."""
    port = _free_port()
    address = f"127.0.0.1:{port}"
    head = ("--head", "--node-ip-address=127.0.0.1", f"--port={port}", "--include-dashboard=false")
    head += (f"--ray-client-server-port={_free_port()}",)
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        sockets = f"--temp-dir={folder}"  # short: names of sockets have at most 107 characters
        with _started(*head, sockets, f"--num-cpus={cpus}"):
            _wait(port)
            with _started(f"--address={address}", f"--num-cpus={cpus}"):
                environment = {**os.environ, **ENVIRONMENT, "RAY_ADDRESS": address}
                joined = [sys.executable, "-c", JOINED]
                subprocess.run(joined, env=environment, check=True, timeout=PATIENCE)
                yield address


@contextmanager
def _started(*options: str) -> Iterator[None]:
    ray = Path(sys.executable).parent / "ray"
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [ray, "start", "--block", "--disable-usage-stats", *options],
            env={**os.environ, **ENVIRONMENT}, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield
            if process.poll() is not None:
                said.seek(0)
                raise AssertionError(f"ray start ended with {process.returncode}:\n{said.read()}")
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing answers at port {port}")
