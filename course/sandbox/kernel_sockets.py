"""Access to the sockets of a sandboxed kernel, which lie where its submission can replace them.

They are opened before any code of a submission runs. From then on their names lead to these handles, which stay the
same sockets whatever happens inside.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOCKET_PREFIX = "s"  # of the sockets' names
PATH_CHARACTERS = 100  # of a socket's path; Linux takes 107


class SocketHandles:
    """The sockets of one kernel: names in `folder`, for this process only."""

    def __init__(self, folder: Path, connection: Mapping[str, Any]) -> None:
        """Open nothing yet; `connection` is the content of Jupyter's connection file."""
        self._folder = folder
        self._names = [f"{SOCKET_PREFIX}-{port}" for key, port in connection.items() if key.endswith("_port")]
        self._descriptors: list[int] = []

    def acquire(self, inside: Path) -> bool:
        """Open all sockets in this folder of the sandbox and return True; False if some are not there yet."""
        if not all((inside / name).is_socket() for name in self._names):
            return False
        for name in self._names:
            self._descriptors.append(os.open(inside / name, os.O_PATH | os.O_NOFOLLOW))
            (self._folder / name).symlink_to(f"/proc/self/fd/{self._descriptors[-1]}")
        return True

    def release(self) -> None:
        """Close the handles, after deleting the names that lead to them."""
        for name in self._names:
            (self._folder / name).unlink(missing_ok=True)
        while self._descriptors:
            os.close(self._descriptors.pop())


def short_folder() -> str | None:
    """Where sandboxes' folders go: the usual temporary folder unless its name is too long for a socket's path."""
    name = Path(tempfile.gettempdir(), "sandbox-12345678", "sockets", f"{SOCKET_PREFIX}-5")
    return None if len(os.fsencode(name)) <= PATH_CHARACTERS else "/tmp"
