"""A class of two honest students beside one who starves the machine and one who fills its memory, under load.

    PYTHONPATH=tests .venv/bin/python tests/grading/neighbours.py --runs 20 --load 30

Grades it again and again with so many busy loops beside it, and ends with 1 if an honest student lost a point or was
not graded. `--quick` takes a tenth of the time: sleeps and limits are shorter. `make test` does not run it: a run
takes a quarter of an hour, under load more.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import nbformat
from corpus.material import with_code
from light_corpus import COURSE, LIGHT, MADE
from nbformat import NotebookNode

from course.config import Lab
from course.grading import demo, grade
from course.grading.gradebook.recorded import GRADED
from course.grading.options import Options
from course.inbox import submissions
from course.limits import Limits

HONEST = ("honest-1", "honest-2")
STARVE = """
import os
for _ in range(200):
    try:
        if os.fork() == 0:
            os.setsid()
            while True:
                pass
    except OSError as error:
        print(error)
        break
"""
SOCKETS = """
import subprocess, sys
program = '''
import socket, time
kept = []
try:
    while len(kept) < 400:
        pair = socket.socketpair()
        kept.append(pair)
        for one in pair:
            one.setblocking(False)
            try:
                while True:
                    one.send(bytes(4096))
            except BlockingIOError:
                pass
except OSError:
    pass
time.sleep(1000)
'''
running = [subprocess.Popen([sys.executable, "-I", "-S", "-c", program]) for _ in range(40)]
"""
SLEEP = "import time; time.sleep({})"
BURN = [sys.executable, "-I", "-S", "-c", "while True: pass"]


def submission_of(cells: list[str]) -> NotebookNode:
    """Solved, with these cells before the first answer."""
    made = MADE.solved
    for cell in cells:
        made = with_code(made, cell, MADE.answers()[0])
    return made


def hand_in(folder: Path, lab: Lab, quick: bool) -> None:
    """The class, in an order in which the harmful ones come first."""
    rest, wait = (28, 11) if quick else (280, 110)
    demo.hand_in(folder, lab, "a-starve", submission_of([STARVE, *[SLEEP.format(rest)] * 3]))
    demo.hand_in(folder, lab, "b-sockets", submission_of([SOCKETS, SLEEP.format(wait)]))
    for student in HONEST:
        demo.hand_in(folder, lab, student, nbformat.from_dict(MADE.solved))


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """So many busy loops beside it."""
    running = [subprocess.Popen(BURN) for _ in range(loops)]
    try:
        yield
    finally:
        for loop in running:
            loop.kill()
            loop.wait()


def run(lab: Lab, quick: bool, workers: int) -> list[str]:
    """Grade the class once; what went wrong."""
    wrong, began = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="neighbours-") as place:
        folder = Path(place)
        hand_in(folder, lab, quick)
        found = submissions.require_submissions(folder, lab)
        options = Options(workers=workers)
        results = grade.grade(COURSE, lab, folder, found, lambda student: None, options)
    for result in results:
        cut = ", ".join(map(str, result.cut_off))
        points = f"{result.tests:g} of {result.max_tests:g}" if result.graded else "not graded"
        print(f"  {result.student:10} {points:12} {result.reason} {cut}", flush=True)
        if result.student in HONEST and (result.status != GRADED or result.tests != result.max_tests or cut):
            wrong.append(f"{result.student}: {points}. {result.reason} {cut}")
    print(f"  {time.monotonic() - began:.0f} s", flush=True)
    return wrong


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--load", type=int, default=0, help="busy loops beside it")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    os.environ["MNIST_SOURCE"] = "bundled"
    limits = Limits(cell_seconds=30, submission_seconds=120, cpu_seconds=90) if chosen.quick else Limits()
    lab, wrong = replace(LIGHT, limits=limits), list[str]()
    with busy(chosen.load):
        for number in range(1, chosen.runs + 1):
            print(f"run {number}", flush=True)
            wrong += run(lab, chosen.quick, chosen.workers)
    print(*(wrong or ["Honest students lost nothing."]), sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
