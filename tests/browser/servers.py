"""Programs that serve pages until they are ended, such as JupyterLab."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from browser import PATIENCE
from ports import free_ports

BIN = Path(sys.executable).parent


def run(command, folder):
    """Run one of the project's commands to its end; what it printed, if it ended well."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def serving(command, folder, home, ready):
    """Run a program in a folder until it is no longer needed; gives the first match of `ready` in what it prints.

    It has a home of its own, so that nothing of this machine's user is seen or changed.
    """
    environment = {**os.environ, "HOME": str(home), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    for name in [name for name in environment if name.startswith(("JUPYTER", "JPY_"))]:
        del environment[name]
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines, found = [], queue.Queue()

    def read():
        for line in process.stdout:
            lines.append(line)
            if match := re.search(ready, line):
                found.put(match)
        found.put(None)  # it has ended

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        match = found.get(timeout=PATIENCE)
        assert match, "".join(lines)
        yield match
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)  # Jupyter ends its kernels then
        process.wait(PATIENCE)
        reader.join(PATIENCE)
        process.stdout.close()


@contextmanager
def running_lab(folder, home, *options):
    """The address of JupyterLab, started in a folder with these options, and with its token."""
    (port,) = free_ports(1)
    command = [BIN / "jupyter", "lab", "--no-browser", f"--ServerApp.port={port}", *options]
    if os.getuid() == 0:
        command.append("--allow-root")
    with serving(command, folder, home, r"http://127\.0\.0\.1:\d+/\S*token=\w+") as match:
        yield match[0]
