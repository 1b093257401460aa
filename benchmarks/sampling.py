"""Looking at something again and again while it goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def looking(look: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call `look` in a thread of its own, with so many seconds between two calls, while the context lasts."""
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(seconds):
            look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
