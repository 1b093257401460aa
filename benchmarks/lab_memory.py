"""How much memory a lab takes while JupyterLab is open: what Linux cannot take back from their processes."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import psutil
from jupyter_server.serverapp import list_running_servers

from benchmarks.sampling import looking
from course.errors import CourseError

ANONYMOUS = re.compile(r"^RssAnon:\s+(\d+) kB$", re.MULTILINE)  # pages of no file: proc(5)
SECONDS_BETWEEN = 0.1
START_SECONDS = 120


class Peak:
    """The most that was seen at any time, in MiB."""

    mib = 0.0


@contextmanager
def peak_of_children() -> Iterator[Peak]:
    """What all processes started by this one have together, and at most, while the context lasts."""
    peak = Peak()

    def look() -> None:
        peak.mib = max(peak.mib, anonymous_mib(psutil.Process().children(recursive=True)))

    with looking(look, SECONDS_BETWEEN):
        yield peak


def anonymous_mib(processes: Iterable[psutil.Process]) -> float:
    """The memory of processes that belongs to no file, in MiB; a process that has ended has none."""
    kib = 0
    for process in processes:
        try:
            found = ANONYMOUS.search(Path(f"/proc/{process.pid}/status").read_text("utf-8"))
        except OSError:
            continue
        kib += int(found[1]) if found else 0
    return kib / 1024


@contextmanager
def jupyterlab() -> Iterator[str]:
    """Its server, started as by `jupyter lab` in an empty folder; the address of the page, which it has sent once.

    Raises
    ------
    CourseError
        It did not answer in time, or this is no Linux, of which alone memory is known.
    """
    if sys.platform != "linux":
        raise CourseError("The memory of labs is measured on Linux only.")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", f"--ServerApp.root_dir={folder}"]
        command += ["--allow-root"] if os.getuid() == 0 else []
        environment = os.environ | {"JUPYTER_RUNTIME_DIR": folder}
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                yield _wait_for_page(server, Path(folder))
            finally:
                server.terminate()


def _wait_for_page(server: "subprocess.Popen[bytes]", runtime_folder: Path) -> str:
    local = build_opener(ProxyHandler({}))  # whatever proxy is set, none leads to this machine
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        for info in list_running_servers(str(runtime_folder)):
            address = f"{info['url']}lab?token={info['token']}"
            with local.open(address, timeout=START_SECONDS) as page:
                page.read()
            return address
        time.sleep(SECONDS_BETWEEN)
    raise CourseError(f"JupyterLab did not start within {START_SECONDS} seconds. Try: jupyter lab --no-browser")
