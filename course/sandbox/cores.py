"""Separate cores for each submission, so that one that keeps a hundred processes busy slows down no other.

An ordinary user cannot make Linux divide a core fairly among sandboxes: each process may open a session, which gets a
share of its own. So the sandboxes of different submissions run on different cores, as long as there are enough.
"""

import errno
import itertools
import os
import socket
import threading
from collections.abc import Iterator

SOCKET_NAME = "\0course-core-{core}-{layer}"  # of an abstract socket: one process at a time can bind it, until it ends


class Cores:
    """The cores of one thread's sandboxes, which are those of one submission at a time.

    They are taken while the thread has a sandbox; cores are shared only when too few are free.
    """

    def __init__(self, count: int) -> None:
        """Take that many, or all if there are fewer."""
        usable = sorted(os.sched_getaffinity(0))
        wanted = min(count, len(usable))
        for layer in itertools.count():
            taken = dict(itertools.islice(_take_free(usable, layer), wanted))
            if len(taken) == wanted:
                break
            for mark in taken.values():
                mark.close()
        self.numbers, self.sandboxes, self._marks = tuple(taken), 0, tuple(taken.values())

    def release(self) -> None:
        """Note that a sandbox has ended; after the last one, other threads may take the cores."""
        with _lock:
            self.sandboxes -= 1
            if self.sandboxes:
                return
            for thread in [thread for thread, cores in _taken.items() if cores is self]:
                del _taken[thread]
        for mark in self._marks:
            mark.close()


_taken: dict[tuple[int, int], Cores] = {}  # by process, as one that was forked has cores of its own, and thread
_lock = threading.Lock()


def take_cores(count: int) -> Cores:
    """The cores for another sandbox of this thread: those of its other sandboxes, else that many new ones."""
    thread = os.getpid(), threading.get_ident()
    with _lock:
        if thread not in _taken:
            _taken[thread] = Cores(count)
        _taken[thread].sandboxes += 1
        return _taken[thread]


def _take_free(cores: list[int], layer: int) -> Iterator[tuple[int, socket.socket]]:
    """Take the cores that are free in this layer, one by one; yield each with the socket that marks it as taken."""
    for core in cores:
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(SOCKET_NAME.format(core=core, layer=layer))
        except OSError as error:
            mark.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        yield core, mark
