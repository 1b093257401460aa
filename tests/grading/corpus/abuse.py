"""Code that takes more than its share, or reaches where it should not. Solved notebooks: what was earned before counts."""

import copy

from nbformat.v4 import new_markdown_cell

from corpus.material import Material, case, in_place, with_code

# Put before the first answer: the notebook must still get through, all tests right.
BEFORE = {
    "writes-everywhere": """
import os
for path in ('/usr/x', '/etc/x', '/opt/x', '/x', '/proc/sys/kernel/hostname', os.path.expanduser('~/../x')):
    try: open(path, 'w').write('x')
    except OSError as error: print(error)""",
    "network": """
import socket, urllib.request
for address in (('127.0.0.1', 22), ('1.1.1.1', 53)):
    try: socket.create_connection(address, 1)
    except OSError as error: print(error)
try: urllib.request.urlopen('http://example.org', timeout=1)
except OSError as error: print(error)""",
    "fills-the-disk": """
try:
    with open('big', 'wb') as file:
        for _ in range(10_000): file.write(bytes(10**6))
except OSError as error: print(error)
import os; os.remove('big')""",
    "daemon": """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            time.sleep(0.05)
    os._exit(0)""",
    "fork-bomb": """
import os, time, signal
children = []
try:
    for _ in range(5_000):
        child = os.fork()
        if child == 0:
            time.sleep(30); os._exit(0)
        children.append(child)
except OSError as error: print(error)
for child in children: os.kill(child, signal.SIGKILL)
for child in children: os.waitpid(child, 0)""",
    "memory-hog": """
hoard = []
try:
    while True: hoard.append(bytearray(200_000_000))
except MemoryError: print('enough')
hoard.clear()""",
    "many-files": """
files = []
try:
    for number in range(100_000): files.append(open(f'f{number}', 'w'))
except OSError as error: print(error)
for file in files: file.close()""",
    "floods-output": "for number in range(300_000): print(number, 'x' * 200)",
    "is-interrupted-after-its-last-line": """
import sys, time
flush = sys.stdout.flush
def flush_once_slowly():
    sys.stdout.flush = flush
    time.sleep(600)
sys.stdout.flush = flush_once_slowly""",
    "floods-errors": "import os\nfor number in range(20_000): os.write(2, b'x' * 1000)",
    "huge-figure": "from IPython.display import HTML, display\nfor _ in range(20): display(HTML('x' * 3_000_000))",
    "signals-everybody": """
import os, signal
own = {os.getpid(), os.getppid(), *map(int, os.listdir('/proc/self/task'))}  # a thread's number means its process
for process in range(2, 400):
    if process not in own:
        try: os.kill(process, signal.SIGKILL)
        except OSError: pass""",
    "environment": """
import os
print({name: value for name, value in os.environ.items() if 'SECRET' in name or 'TOKEN' in name})
os.environ.clear()""",
    "deletes-everything": """
import shutil
for path in ('/', '.', '/tmp', '/usr', '/home'): shutil.rmtree(path, ignore_errors=True)
import os; os.makedirs('/tmp', exist_ok=True)""",
    "deletes-its-folder": "import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)",
    "is-in-a-folder-that-is-gone": "import os, tempfile\nos.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())",
    "closes-its-folders": """
import os
for path in (os.getcwd(), os.path.expanduser('~'), '/tmp/scratch', '/tmp', '/dev/shm'):
    try: os.chmod(path, 0)
    except OSError as error: print(error)""",
    "links-in-place-of-its-folders": """
import os, shutil
for path in (os.getcwd(), os.path.expanduser('~'), '/tmp/scratch'):
    shutil.rmtree(path, ignore_errors=True)
    try: os.symlink(path, path)
    except OSError as error: print(error)""",
    "files-in-place-of-its-folders": """
import os, shutil
for path in (os.getcwd(), os.path.expanduser('~'), '/tmp/scratch'):
    shutil.rmtree(path, ignore_errors=True)
    try: open(path, 'x').close()
    except OSError as error: print(error)""",
    "fills-the-disk-and-keeps-it-full": """
try:
    with open('/tmp/big', 'wb', buffering=0) as file:
        while True: file.write(bytes(10**6))
except OSError as error: print(error)""",
    "closes-streams": "import sys, os\nsys.stdin.close()\nos.close(0)",
    "endless-blanks": "x = 1" + " " * 1_000_000,
    "endless-blanks-shown": "from IPython.display import Markdown, display\ndisplay(Markdown('a' + ' ' * 200_000 + 'b'))",
    "prints-half-a-character": "print('\\ud800')\nimport sys; print('\\udcff', file=sys.stderr)",
    "floods-comms": """
from comm import create_comm
channel = create_comm(target_name='x')
for number in range(10_000): channel.send({'number': number})""",
    "messages-of-no-known-form": """
kernel = get_ipython().kernel
for kind in ('comm_open', 'update_display_data', 'display_data', 'error', 'nonsense', 'clear_output'):
    for content in ({}, {'data': 5}, {'transient': None}, {'comm_id': None}, {'execution_count': 'x', 'data': {'text/plain': 2}}):
        kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())""",
    "plants-start-up-files": """
import os, site, sys
home = os.path.expanduser('~')
for path in (site.getsitepackages()[0] + '/x.pth', home + '/.ipython/profile_default/startup/00.py', '/opt/site/x.py'):
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True); open(path, 'w').write('raise SystemExit')
    except OSError as error: print(error)""",
    "sockets-without-network": """
import socket
for path in ('/var/run/docker.sock', '/run/dbus/system_bus_socket', chr(0) + '/tmp/.X11-unix/X0'):
    try: socket.socket(socket.AF_UNIX).connect(path)
    except OSError as error: print(error)""",
    "hangs-at-exit": "import atexit, time\natexit.register(time.sleep, 10**6)",
    "symbolic-links": "import os\nos.symlink('/etc/passwd', 'gradebook.db'); os.symlink('/', 'everything')",
}
for name, code in BEFORE.items():

    def _before(m: Material, code=code):
        return with_code(m.solved, code, m.answers()[0])

    case("abuse", name)(_before)


def earlier(share: float):
    """The tests before that share of the notebook's tests."""
    return lambda m: m.tests()[: int(len(m.tests()) * share)]


def middle(m: Material) -> str:
    return m.answers()[int(len(m.tests()) * 0.5)]


# Put before the answer in the middle: the kernel ends there; earlier points are kept.
ENDING = {
    "exits": "import os\nos._exit(1)",
    "crashes": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "ignores-interrupts": """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    try: time.sleep(1)
    except BaseException: pass""",
    "burns-and-ignores": """
def burn():
    while True: pass
while True:
    try: burn()
    except BaseException: pass""",
    "stops-itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    # A group with a member whose parent is elsewhere in its session can be stopped; a terminal does so by Control-Z.
    "stopped-by-its-terminal": """
import os, signal, time
group, (ready, told) = os.getpgid(0), os.pipe()
master, terminal = os.openpty()
os.open(os.ttyname(terminal), os.O_RDWR)
if not os.fork():
    os.setpgid(0, 0)
    if not os.fork():
        os.setpgid(0, group)
        os.write(told, b'x')
    time.sleep(600)
os.read(ready, 1)
signal.signal(signal.SIGTSTP, signal.SIG_DFL)
os.tcsetpgrp(terminal, group)
os.write(master, bytes([26]))
time.sleep(600)""",
    "ended-by-a-limit": """
import os, resource
try: resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
except (OSError, ValueError): os._exit(1)
while True: pass""",
    "kills-its-family": """
import os, signal
try: os.kill(-1, signal.SIGKILL)
except OSError as error: print(error)
os.kill(os.getpid(), signal.SIGKILL)""",
}
for name, code in ENDING.items():

    def _ending(m: Material, code=code):
        return with_code(m.solved, code, middle(m))

    case("abuse", name, earns=earlier(0.5))(_ending)


# An endless cell that lets itself be interrupted costs nothing but its own time.
for name, code in {"endless-loop": "while True: pass", "sleeper": "import time\ntime.sleep(10**6)"}.items():

    def _endless(m: Material, code=code):
        return with_code(m.solved, code, middle(m))

    case("abuse", name)(_endless)


@case("abuse", earns=lambda m: m.tests()[1:])
def endless_answer(m: Material):
    """A function that never returns costs its own test."""
    name = m.answers()[0]
    return in_place(m.solved, name, f"def {name.replace('-', '_')}(*a, **k):\n    while True: pass")


@case("abuse", earns=lambda m: m.tests()[1:])
def half_a_character_in_an_error(m: Material):
    """No file can hold it, and the message goes into several."""
    name = m.answers()[0]
    return in_place(
        m.solved,
        name,
        f"def {name.replace('-', '_')}(*a, **k):\n    raise type('A\\ud800', (ValueError,), dict())('\\ud800')",
    )


@case("abuse")
def markdown_that_takes_for_ever(m: Material):
    made = copy.deepcopy(m.solved)
    made.cells.insert(3, new_markdown_cell("a" + " " * 1_000_000 + "b"))
    return made
