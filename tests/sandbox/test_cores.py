"""Sandboxes of different submissions run on different cores, as long as there are enough."""

import asyncio
import os
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sandboxed_kernel import WAYS, kernel, run

from course.sandbox import cores
from course.sandbox.cores import take_cores

USABLE = tuple(sorted(os.sched_getaffinity(0)))


@pytest.fixture(autouse=True)
def _own_names(monkeypatch):
    """Others on this machine may grade now, too, and this process may have sandboxes of other tests."""
    monkeypatch.setattr(cores, "SOCKET_NAME", f"\0{uuid.uuid4()}-{{core}}-{{layer}}")
    monkeypatch.setattr(cores, "_taken", {})


def elsewhere(count):
    """Cores taken by a thread that goes on."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(take_cores, count).result()


def test_the_sandboxes_of_one_thread_share_cores_and_those_of_others_do_not():
    first, again, other = take_cores(1), take_cores(1), elsewhere(1)
    try:
        assert first is again
        assert len(first.numbers) == 1
        assert set(first.numbers) | set(other.numbers) <= set(USABLE)
        assert len(USABLE) == 1 or first.numbers != other.numbers
    finally:
        for one in (first, again, other):
            one.release()


def test_cores_are_free_again_after_the_last_sandbox():
    first, again = take_cores(len(USABLE)), take_cores(len(USABLE))
    first.release()
    assert take_cores(1) is again, "there is another sandbox"
    for _ in range(2):
        again.release()
    fresh = take_cores(1)
    assert fresh is not again and fresh.numbers == USABLE[:1]
    fresh.release()


def test_all_are_taken_once_before_one_is_taken_twice():
    together = Barrier(2 * len(USABLE))  # no thread ends before all have begun, as its number would be given again
    with ThreadPoolExecutor(together.parties) as threads:
        many = list(threads.map(lambda _: (take_cores(1), together.wait())[0], range(together.parties)))
    assert sorted(number for one in many for number in one.numbers) == sorted(USABLE * 2)
    for one in many:
        one.release()


def test_more_than_there_are_is_all():
    every = take_cores(len(USABLE) + 5)
    assert every.numbers == USABLE
    every.release()


def test_other_faults_than_taken_cores_are_raised(monkeypatch):
    monkeypatch.setattr(cores, "SOCKET_NAME", "/nowhere/{core}-{layer}")
    with pytest.raises(FileNotFoundError):
        take_cores(1)
    assert not cores._taken


TRY = """
import os, subprocess, sys
print(sorted(os.sched_getaffinity(0)))
show = "import os; print(sorted(os.sched_getaffinity(0)))"
print(subprocess.check_output([sys.executable, "-c", show], text=True, start_new_session=True).strip())
try:
    os.sched_setaffinity(0, range(64))
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.kernel
@pytest.mark.parametrize("way", WAYS)
def test_a_sandbox_stays_on_its_cores(way):
    async def inside():
        async with kernel(environment={"OMP_NUM_THREADS": "1"}, **WAYS[way]) as (_, client):
            return (await run(client, TRY)).splitlines()

    mine = f"[{USABLE[0]}]"
    assert asyncio.run(inside()) == [mine, mine, "Operation not permitted"]
    with socket.socket(socket.AF_UNIX) as mark:
        mark.bind(cores.SOCKET_NAME.format(core=USABLE[0], layer=0))  # nobody has it any more
