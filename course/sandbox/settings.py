"""The settings of a sandbox."""

from pathlib import Path

from traitlets import Dict, Instance, List, Unicode
from traitlets.config import Configurable

from course.limits import Limits


class SandboxSettings(Configurable):
    """What whoever starts a sandbox can set."""

    limits = Instance(Limits, help="What the kernel may use; the usual limits if not set.").tag(config=True)
    environment = Dict(
        value_trait=Unicode(),
        key_trait=Unicode(),
        help="All environment variables in the sandbox.",
    ).tag(config=True)
    kernel_file = Instance(Path, allow_none=True, help="A Python file to run in place of ipykernel.").tag(config=True)
    arguments = List(Unicode(), help="Further arguments for that file.").tag(config=True)
    named_files = Dict(
        help="Variables of the environment that name a file of this machine: where the sandbox shows it."
    ).tag(config=True)
    private = List(Unicode(), help="Folders that no sandbox may show: none starts if one does.").tag(config=True)
    shown = Dict(help="Files and sockets that the sandbox shows, read-only: paths inside and outside.").tag(config=True)
    imports = Unicode(
        help="Import statements that a kernel has behind it when it starts, copied from a process that has done them "
        "(course/kernels); needs `kernel_file`, with a function `launch`. If empty, each kernel starts from nothing."
    ).tag(config=True)

    def _limits_default(self) -> Limits:
        return Limits()
