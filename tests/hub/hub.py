"""A JupyterHub for tests: its users are no users of the machine, each has a home in a folder, and all may log in.

Its tools are no part of the project's environment; `make hub` puts them into a folder of that environment.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from ports import free_ports
from websocket import create_connection

TOOLS = Path(sys.prefix) / "hub"
PACKAGES = TOOLS / "python"
PROXY = TOOLS / "node_modules" / ".bin" / "configurable-http-proxy"
TOKEN = "0" * 64
PATIENCE = 900  # seconds; only against waiting for ever
CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[1]}"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/home/{{username}}"
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = {arguments!r}
c.Spawner.environment = {environment!r}
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.JupyterHub.services = [{{"name": "test", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [
    {{"name": "test", "services": ["test"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}
]
"""

needs_hub = pytest.mark.skipif(
    not (PACKAGES / "jupyterhub").is_dir() or not PROXY.exists(),
    reason="JupyterHub and its proxy are not installed: `make hub` does that",
)
needs_nbgitpuller = pytest.mark.skipif(
    not (PACKAGES / "nbgitpuller").is_dir(), reason="nbgitpuller is not installed: `make hub` does that"
)


class Hub:
    """The hub's own API."""

    def __init__(self, port, process, log):
        self.port, self.process, self.log = port, process, log

    def ask(self, path, method="GET", data=None, passing=()):
        """The answer's text; waits while nobody listens yet, and while the proxy gives one of these codes."""
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers, method=method)
        until = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                    return answer.read().decode()
            except urllib.error.HTTPError as error:
                if error.code not in passing:
                    raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()[:2000]}") from error
            except OSError:
                pass
            time.sleep(0.2)

    def user(self, name):
        """A new user, whose server has started."""
        self.ask(f"/hub/api/users/{name}", "POST")
        self.ask(f"/hub/api/users/{name}/server", "POST")
        until = time.monotonic() + PATIENCE
        while not json.loads(self.ask(f"/hub/api/users/{name}"))["servers"].get("", {}).get("ready"):
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.2)
        return User(self, name)


class User:
    """A user's own server."""

    def __init__(self, hub, name):
        self.hub, self.base = hub, f"/user/{name}"

    def ask(self, path, method="GET", data=None):
        return self.hub.ask(f"{self.base}/{path}", method, data)

    def json(self, path, method="GET", data=None):
        return json.loads(self.ask(path, method, data))

    def terminal(self, command):
        """What a command prints in a terminal of the user's; it must end with 0."""
        name = self.json("api/terminals", "POST")["name"]
        address = f"ws://127.0.0.1:{self.hub.port}{self.base}/terminals/websocket/{name}"
        terminal = create_connection(address, header=[f"Authorization: token {TOKEN}"], timeout=PATIENCE)
        terminal.send(json.dumps(["stdin", f"{command}; echo en''ded $? the''re\r"]))
        text = ""
        while " there" not in text.partition("ended ")[2]:
            kind, *what = json.loads(terminal.recv())
            text += what[0] if kind == "stdout" else ""
        terminal.close()
        self.ask(f"api/terminals/{name}", "DELETE")
        assert "ended 0 there" in text, text
        return text


@contextmanager
def running_hub(folder):
    """A hub whose files and whose users' homes (`home/NAME`) lie in the folder; ended with all its servers."""
    ports = free_ports(3)
    environment = {
        "PYTHONPATH": str(PACKAGES),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "MNIST_SOURCE": "bundled",
    }
    arguments = ["--allow-root"] if os.getuid() == 0 else []
    config = CONFIG.format(
        ports=ports,
        folder=folder,
        proxy=str(PROXY),
        python=sys.executable,
        arguments=arguments,
        environment=environment,
        token=TOKEN,
    )
    (folder / "jupyterhub_config.py").write_text(config)
    command = [sys.executable, "-m", "jupyterhub", "--config", str(folder / "jupyterhub_config.py")]
    log = folder / "hub.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        hub = Hub(ports[0], process, log)
        hub.ask("/hub/api", passing=(404, 503))  # the proxy, before it knows the hub
        yield hub
    finally:
        process.terminate()  # it ends its proxy and all servers
        process.wait(PATIENCE)
        if (folder / "proxy.pid").exists():  # it was ended before it knew that its proxy runs
            with suppress(ProcessLookupError):
                os.kill(int((folder / "proxy.pid").read_text()), signal.SIGTERM)
