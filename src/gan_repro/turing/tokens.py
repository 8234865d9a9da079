"""Images in memory under random names, each to be fetched once."""

import secrets
from collections.abc import Iterable
from threading import Lock


class Tokens:
    """What browsers are about to fetch; a rater's new page takes the place of the last one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._files: dict[str, bytes] = {}
        self._of: dict[int, list[str]] = {}

    def lay(self, rater: int, files: Iterable[bytes]) -> list[str]:
        """Put a page's files there; returns their names."""
        named = {secrets.token_urlsafe(16): file for file in files}
        with self._lock:
            for old in self._of.get(rater, []):
                self._files.pop(old, None)
            self._files.update(named)
            self._of[rater] = list(named)
        return list(named)

    def take(self, token: str) -> bytes | None:
        """The file of that name, once."""
        with self._lock:
            return self._files.pop(token, None)
