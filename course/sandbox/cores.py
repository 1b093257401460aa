"""Cores of its own for each submission, so that one that keeps a hundred processes busy slows down no other.

Nothing that Linux lets every user do divides a core fairly among sandboxes, as each process may become a session of its
own with a share of its own. So the sandboxes of different submissions run on different cores, as long as there are
enough.
"""

import errno
import itertools
import os
import socket
import threading
from collections.abc import Iterator

NAME = "\0course-core-{core}-{layer}"  # of a socket without a file: taken once in a machine, free when its owner ends


class Cores:
    """The cores of one thread's sandboxes, which are those of one submission at a time.

    They count as taken while it has any; a core is given a second time only when all have been given once.
    """

    def __init__(self, count: int) -> None:
        """Take so many, or all if there are no more."""
        usable = sorted(os.sched_getaffinity(0))
        wanted = min(count, len(usable))
        for layer in itertools.count():
            taken = dict(itertools.islice(_free(usable, layer), wanted))
            if len(taken) == wanted:
                break
            for mark in taken.values():
                mark.close()
        self.numbers, self.sandboxes, self._marks = tuple(taken), 0, tuple(taken.values())

    def release(self) -> None:
        """A sandbox has ended; after the last one, others may take them."""
        with _locked:
            self.sandboxes -= 1
            if self.sandboxes:
                return
            for thread in [thread for thread, cores in _taken.items() if cores is self]:
                del _taken[thread]
        for mark in self._marks:
            mark.close()


_taken: dict[tuple[int, int], Cores] = {}  # by process, as one that was forked has cores of its own, and thread
_locked = threading.Lock()


def take(count: int) -> Cores:
    """The cores for another sandbox of this thread: those that its other sandboxes have, or so many of its own."""
    thread = os.getpid(), threading.get_ident()
    with _locked:
        if thread not in _taken:
            _taken[thread] = Cores(count)
        _taken[thread].sandboxes += 1
        return _taken[thread]


def _free(cores: list[int], layer: int) -> Iterator[tuple[int, socket.socket]]:
    """The cores that are not taken in this layer, each with the mark that it is now."""
    for core in cores:
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(NAME.format(core=core, layer=layer))
        except OSError as error:
            mark.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        yield core, mark
