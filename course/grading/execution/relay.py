"""The line between the two sides: passes bytes on and reads none of them."""

import asyncio
import contextlib
from pathlib import Path
from types import TracebackType

PART = 2**18  # bytes


class Relay:
    """Two sockets in a folder, one for each side; a connection to one is joined with the next one to the other.

    `joined` tells whether that has happened since it listens.

    Whoever connects in vain is the side's own affair: a submission that occupies its own line only loses its answers.
    """

    def __init__(self, folder: Path) -> None:
        """The sockets will lie in `folder`."""
        self.tests, self.submission = folder / "tests", folder / "answers"
        self._waiting: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue(1)
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._meeting: set[asyncio.Task[None]] = set()
        self._listens = self.joined = False

    async def __aenter__(self) -> "Relay":
        """Begin to listen; users of sandboxes may connect, too."""
        for path, meet in ((self.tests, self._from_tests), (self.submission, self._from_submission)):
            self._servers.append(await asyncio.start_unix_server(meet, path))
            path.chmod(0o666)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        for server in self._servers:
            server.close()
        self.cut()

    def listen(self) -> None:
        """Begin anew, for another test."""
        self.cut()
        self._listens = True

    def cut(self) -> None:
        """End what is going on, and take no more: both sides see that the other is gone."""
        self._listens = self.joined = False
        while not self._waiting.empty():
            self._waiting.get_nowait()[1].close()
        for meeting in self._meeting:
            meeting.cancel()
        for writer in self._open:
            writer.close()
        self._open.clear()

    async def _from_submission(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._waiting.full() or not self._listens:
            writer.close()
            return
        self._open.add(writer)
        self._waiting.put_nowait((reader, writer))

    async def _from_tests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._listens:
            writer.close()
            return
        self._open.add(writer)
        meeting = asyncio.create_task(self._join(reader, writer))
        self._meeting.add(meeting)
        meeting.add_done_callback(self._meeting.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, other = await self._waiting.get()
        self.joined = True
        try:
            await asyncio.gather(_pass_on(reader, other), _pass_on(there, writer))
        finally:
            for one in (writer, other):
                one.close()
                self._open.discard(one)


async def _pass_on(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    """Pass bytes on until there are no more, then say so."""
    with contextlib.suppress(OSError):
        while part := await source.read(PART):
            to.write(part)
            await to.drain()
    with contextlib.suppress(OSError):
        to.close()
