"""Where no sandbox can be made, nothing is run and the remedy is said."""

import os
import re
import sys
from pathlib import Path

import pytest
from sandboxed_kernel import SMALL, refused
from this_course import COURSE

from course.errors import SandboxError
from course.grading.execution.kernel_pair import kernel_pair
from course.sandbox import mounts, probe
from course.sandbox.manager import sandbox_available
from course.sandbox.seccomp import seccomp_filter

pytestmark = pytest.mark.kernel


def test_sandboxes_can_be_made_here():
    """If this fails, its message says what to install or to permit; nothing is graded without a sandbox."""
    assert sandbox_available() is None


def test_without_bubblewrap_nothing_is_run(monkeypatch, tmp_path):
    for name in ("choom", "taskset"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sandbox_available() == "The program bwrap is missing. Install it: sudo apt-get install bubblewrap"
    assert "sudo apt-get install bubblewrap" in refused()


def test_advice_where_user_namespaces_are_forbidden(monkeypatch, tmp_path):
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    switch = tmp_path / "kernel" / "apparmor_restrict_unprivileged_userns"
    switch.parent.mkdir()
    switch.write_text("1\n")
    monkeypatch.setattr(probe, "KERNEL_SETTINGS", tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert sandbox_available() == (
        "No sandbox can be made here (bwrap: setting up uid map: Permission denied). This system forbids user "
        "namespaces. "
        "Permit them: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    )
    switch.write_text("0\n")
    assert "If this is a container" in sandbox_available()


def test_solutions_must_not_lie_where_every_sandbox_looks(tmp_path, monkeypatch):
    with pytest.raises(SandboxError, match=r"lies in .*which every submission can read\. Move it elsewhere"):
        mounts.check_hidden(Path(sys.prefix) / "share")
    mounts.check_hidden(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(COURSE.root.parent))
    with pytest.raises(SandboxError, match=re.escape(str(COURSE.root))), kernel_pair(SMALL, True, 1, "") as pair:
        mounts.check_hidden(*map(Path, pair.submission().private))


def test_packages_that_lie_elsewhere_are_shown_in_a_sandbox_or_named(tmp_path, monkeypatch):
    """The user's own site-packages, or a folder that a .pth file names; never a folder of somebody's work."""
    tmp_path.chmod(0o755)  # as folders of packages are
    (tmp_path / "seldom").mkdir()
    (tmp_path / "seldom" / "__init__.py").touch()
    monkeypatch.setattr(probe, "TRIAL", probe.TRIAL.replace("ipykernel", "seldom"))
    assert "the package seldom cannot be found; it is not installed here either. Install it" in sandbox_available()
    monkeypatch.syspath_prepend(tmp_path)
    assert f"seldom cannot be found; it lies in {tmp_path}, where pip has installed nothing" in sandbox_available()
    assert mounts.other_package_folders() == []
    (tmp_path / "seldom-1.0.dist-info").mkdir()
    assert mounts.other_package_folders() == [tmp_path] and tmp_path in mounts.python_folders()
    assert sandbox_available() is None
    with pytest.raises(SandboxError, match="which every submission can read"):
        mounts.check_hidden(tmp_path / "class")


def test_seccomp_knows_this_machine_or_refuses():
    assert len(seccomp_filter("x86_64")) == len(seccomp_filter("aarch64")) == len(seccomp_filter())
    assert seccomp_filter("x86_64") != seccomp_filter("aarch64")
    with pytest.raises(SandboxError, match="this machine is m68k"):
        seccomp_filter("m68k")
