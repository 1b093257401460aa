"""Reaching the sockets of a sandboxed kernel although they lie where its submission can put something else in their
place.

They are taken hold of before any code of a submission runs. From then on their names lead to these handles, which mean
the same sockets whatever happens inside.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOCKET = "s"  # what the names of the sockets begin with


class Handles:
    """The sockets of one kernel: names in `folder`, for this process only."""

    def __init__(self, folder: Path, connection: Mapping[str, Any]) -> None:
        """Nothing is held yet; `connection` is what Jupyter's connection file says."""
        self._folder = folder
        self._names = [f"{SOCKET}-{port}" for key, port in connection.items() if key.endswith("_port")]
        self._held: list[int] = []

    def taken(self, inside: Path) -> bool:
        """Whether all sockets were there, in the sandbox's folder of that path, and are held now."""
        if not all((inside / name).is_socket() for name in self._names):
            return False
        for name in self._names:
            self._held.append(os.open(inside / name, os.O_PATH | os.O_NOFOLLOW))
            (self._folder / name).symlink_to(f"/proc/self/fd/{self._held[-1]}")
        return True

    def release(self) -> None:
        """Give the handles back, and before that the names that lead to them."""
        for name in self._names:
            (self._folder / name).unlink(missing_ok=True)
        while self._held:
            os.close(self._held.pop())
