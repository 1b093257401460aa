"""Messages between the two sides: JSON, then the raw bytes of arrays, over a socket. Reading one executes nothing."""

import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from course.testing.errors import ProtocolError

HEAD = struct.Struct("<IIQ")  # bytes of JSON, number of buffers, bytes of all buffers
LENGTH = struct.Struct("<Q")
MOST_JSON, MOST_BUFFERS, MOST_BUFFER_BYTES = 64 * 2**20, 100_000, 2**30
TOO_LARGE = "what was returned is too large: more than {} MiB"


@dataclass
class Message:
    """The content, and the buffers that it refers to by their numbers."""

    content: dict[str, Any]
    buffers: list[bytes] = field(default_factory=list)


class Channel:
    """One end of a conversation."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connected socket."""
        self._socket = connection

    def send(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a message.

        Raises
        ------
        ProtocolError
            It is too large, or the other side is gone.
        """
        text = json.dumps(content).encode("ascii")
        total = sum(map(len, buffers))
        check_sizes(len(text), len(buffers), total)
        lengths = b"".join(LENGTH.pack(len(buffer)) for buffer in buffers)
        try:
            self._socket.sendall(HEAD.pack(len(text), len(buffers), total) + lengths + text)
            for buffer in buffers:
                self._socket.sendall(buffer)
        except OSError as error:
            raise ProtocolError(f"the other side is gone ({error})") from error

    def receive(self) -> Message:
        """Wait for a message.

        Raises
        ------
        ProtocolError
            The other side is gone, or sent something that is not a message.
        """
        length, count, total = HEAD.unpack(self._read(HEAD.size))
        check_sizes(length, count, total)
        lengths = [LENGTH.unpack(self._read(LENGTH.size))[0] for _ in range(count)]
        if sum(lengths) != total:
            raise ProtocolError("it sent a message that contradicts itself")
        text = self._read(length)
        buffers = [self._read(size) for size in lengths]
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"it sent no message but something else ({type(error).__name__})") from error
        if not isinstance(content, dict):
            raise ProtocolError("it sent no message but something else")
        return Message(content, buffers)

    def _read(self, length: int) -> bytes:
        """Read that many bytes; memory is allocated as they arrive, not as they are announced."""
        parts, remaining = [], length
        while remaining:
            try:
                part = self._socket.recv(min(remaining, 2**20))
            except OSError as error:
                raise ProtocolError(f"the other side is gone ({error})") from error
            if not part:
                raise ProtocolError("the other side is gone")
            parts.append(part)
            remaining -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def check_sizes(json_bytes: int, buffers: int, buffer_bytes: int) -> None:
    """Refuse a message that is too large."""
    if json_bytes > MOST_JSON:
        raise ProtocolError(TOO_LARGE.format(MOST_JSON // 2**20))
    if buffer_bytes > MOST_BUFFER_BYTES:
        raise ProtocolError(TOO_LARGE.format(MOST_BUFFER_BYTES // 2**20))
    if buffers > MOST_BUFFERS:
        raise ProtocolError(f"what was returned is too large: more than {MOST_BUFFERS} arrays")


def connect(path: str) -> Channel:
    """A channel to whoever listens at that path."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    return Channel(connection)
