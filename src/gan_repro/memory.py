"""Memory that a process keeps while it computes, in place of asking the system for it each time."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

TRIM, MAPPED = -1, -4
"""glibc's M_TRIM_THRESHOLD and M_MMAP_MAX."""


@contextmanager
def kept() -> Iterator[None]:
    """Keep what the main thread frees; with other C libraries than glibc nothing changes.

    Of a tensor of 32 MiB and more glibc gives the memory back to the system at once. The next one
    gets it cleared, page by page, which ``benchmarks/rounds.py`` times.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        yield
        return
    library.mallopt(MAPPED, 0)
    library.mallopt(TRIM, -1)  # never
    try:
        yield
    finally:
        library.mallopt(MAPPED, 2**16)  # both are glibc's own
        library.mallopt(TRIM, 2**17)
        library.malloc_trim(0)
