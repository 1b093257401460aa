"""Control groups, on a made-up file system: where there are none, where they are ours, and where they are not."""

import os
import subprocess
from pathlib import Path

import pytest

from course.kernels import cgroups


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A cgroup2 file system with the group of this process, `/ours`, and what Linux would put into it."""
    own = tmp_path / "ours"
    own.mkdir()
    (own / "cgroup.procs").touch()
    (own / "cgroup.controllers").write_text("cpu io memory pids\n")
    (own / "cgroup.subtree_control").touch()
    (tmp_path / "mounts").write_text(f"proc /proc proc rw 0 0\ncgroup2 {tmp_path} cgroup2 rw 0 0\n")
    (tmp_path / "cgroup").write_text("9:name=systemd:/\n0::/ours\n")
    monkeypatch.setattr(cgroups, "MOUNTS", tmp_path / "mounts")
    monkeypatch.setattr(cgroups, "OWN_CGROUP", tmp_path / "cgroup")
    cgroups.parent.cache_clear()
    yield own
    cgroups.parent.cache_clear()


def test_this_process_makes_room_and_groups_get_all_controllers(system):
    assert cgroups.parent() == system
    assert (system / cgroups.GRADER_GROUP / "cgroup.procs").read_text() == "0"
    assert (system / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert not list(system.glob(f"{cgroups.PREFIX}*"))


def test_a_process_that_has_made_room_finds_the_same_place(system):
    (system / cgroups.GRADER_GROUP).mkdir()
    (system.parent / "cgroup").write_text(f"0::/ours/{cgroups.GRADER_GROUP}\n")
    (system / "cgroup.subtree_control").write_text("cpu memory pids\n")
    assert cgroups.parent() == system
    assert not (system / cgroups.GRADER_GROUP / "cgroup.procs").exists()


def test_without_controllers_groups_are_made_beside_this_process(system):
    (system / "cgroup.controllers").write_text("\n")
    assert cgroups.parent() == system
    assert not (system / cgroups.GRADER_GROUP).exists()


@pytest.mark.parametrize("own", ["0::/elsewhere\n", "0::/../outside\n", "4:memory:/ours\n", ""])
def test_a_group_that_is_not_shown_here_is_none(system, own):
    (system.parent / "cgroup").write_text(own)
    assert cgroups.parent() is None


def test_no_file_system_no_group(system):
    (system.parent / "mounts").write_text("cgroup /sys/fs/cgroup/memory cgroup rw 0 0\n")
    assert cgroups.parent() is None


def test_a_group_of_somebody_elses_is_left_alone(system, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert cgroups.parent() is None
    assert not list(system.glob("course-*"))


def test_what_a_killed_grader_left_is_removed_and_nothing_of_one_that_lives(system):
    """A group of another grader may wait for its first process for minutes, on a busy machine."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    old, young = (system / f"{cgroups.PREFIX}{ended.pid}-{name}" for name in ("old", "young"))
    ours = cgroups.Group(system, {}).path
    for one in (old, young):
        one.mkdir()
    for one in (old, ours):
        os.utime(one, (0, 0))
    cgroups.parent()
    assert not old.exists() and young.exists() and ours.exists()


def test_a_group_has_the_limits_for_which_there_is_a_controller(system, monkeypatch):
    mkdir = Path.mkdir

    def made(path, *args, **kwargs):
        mkdir(path, *args, **kwargs)
        (path / "memory.max").write_text("max\n")

    monkeypatch.setattr(Path, "mkdir", made)
    group = cgroups.Group(system, {"memory.max": 2**30, "pids.max": 100})
    assert (group.path / "memory.max").read_text() == str(2**30)
    assert not (group.path / "pids.max").exists()
    (group.path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 2000000\n")
    assert group.cpu_seconds() == 2.5
    assert not group.ran_out_of_memory()
    (group.path / "memory.events").write_text("oom 3\noom_kill 1\n")
    assert group.ran_out_of_memory()


def test_a_group_is_removed_once(system):
    group = cgroups.Group(system, {})
    group.remove()
    group.remove()
    assert not group.path.exists()


@pytest.mark.skipif(not cgroups.parent(), reason="this user may make no control groups here")
def test_a_command_joins_a_real_group_and_its_time_is_counted():
    group = cgroups.Group(cgroups.parent(), {})
    program = "while [ $((i = i + 1)) -lt 100000 ]; do :; done; cat /proc/self/cgroup"
    seen = subprocess.check_output(group.joining(["sh", "-c", program]), text=True)
    assert f"{group.path.name}\n" in seen
    assert group.cpu_seconds() > 0
    group.remove()
    assert not group.path.exists()
