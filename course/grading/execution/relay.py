"""The connection between the two sides of a test: passes bytes on without reading them."""

import asyncio
import contextlib
from pathlib import Path
from types import TracebackType

PART = 2**18  # bytes


class Relay:
    """Two sockets in a folder, for the tests' questions and the submission's answers.

    A connection to one is joined with the next one to the other. `joined` says whether that has happened since the
    relay began to listen. A submission that connects to its own socket without need only loses its answers.
    """

    def __init__(self, folder: Path) -> None:
        """The sockets will lie in `folder`."""
        self.questions, self.answers = folder / "questions", folder / "answers"
        self._waiting: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue(1)
        self._servers: list[asyncio.Server] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._joins: set[asyncio.Task[None]] = set()
        self._listens = self.joined = False

    async def __aenter__(self) -> "Relay":
        """Begin to listen; users of sandboxes may connect, too."""
        for path, meet in ((self.questions, self._from_tests), (self.answers, self._from_submission)):
            self._servers.append(await asyncio.start_unix_server(meet, path))
            path.chmod(0o666)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything."""
        for server in self._servers:
            server.close()
        self.disconnect()

    def listen(self) -> None:
        """Accept connections for another test."""
        self.disconnect()
        self._listens = True

    def disconnect(self) -> None:
        """Close all connections and accept no more: both sides see that the other has gone."""
        self._listens = self.joined = False
        while not self._waiting.empty():
            self._waiting.get_nowait()[1].close()
        for join in self._joins:
            join.cancel()
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _from_submission(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._waiting.full() or not self._listens:
            writer.close()
            return
        self._writers.add(writer)
        self._waiting.put_nowait((reader, writer))

    async def _from_tests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._listens:
            writer.close()
            return
        self._writers.add(writer)
        join = asyncio.create_task(self._join(reader, writer))
        self._joins.add(join)
        join.add_done_callback(self._joins.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        submission_reader, submission_writer = await self._waiting.get()
        self.joined = True
        try:
            await asyncio.gather(_forward(reader, submission_writer), _forward(submission_reader, writer))
        finally:
            for open_writer in (writer, submission_writer):
                open_writer.close()
                self._writers.discard(open_writer)


async def _forward(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    """Pass bytes on until there are no more, then say so."""
    with contextlib.suppress(OSError):
        while part := await source.read(PART):
            to.write(part)
            await to.drain()
    with contextlib.suppress(OSError):
        to.close()
