"""A sandbox for a submission: a Jupyter kernel under bubblewrap, without rights, network or sight of anything else.

`SandboxedKernelManager` goes wherever Jupyter takes the class of a kernel manager; a kernel.json can name the
provisioner as "cnn-labs-sandbox". Without a sandbox no kernel is started.
"""

import uuid
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import Type

from course.sandbox.probe import sandbox_available
from course.sandbox.provisioner import SandboxProvisioner
from course.sandbox.settings import SandboxSettings

__all__ = ["SandboxProvisioner", "SandboxedKernelManager", "sandbox_available"]

RETRY_MILLISECONDS = 5  # between two tries to reach a kernel that has not opened its sockets yet
MESSAGE_MIB = 32  # a longer part of a message from a kernel ends its connection; the watchdog counts all that wait


class SandboxedKernelClient(AsyncKernelClient):
    """A client that no kernel can fill with endless messages, and that soon finds a new one."""

    def _context_default(self) -> zmq.asyncio.Context:
        context = super()._context_default()
        context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_MIB * 2**20)
        context.setsockopt(zmq.RECONNECT_IVL, RETRY_MILLISECONDS)
        return context


class SandboxedKernelManager(SandboxSettings, AsyncKernelManager):
    """Starts every kernel in a sandbox, whatever the notebook says of its kernel; without a sandbox it starts none."""

    client_factory = Type(SandboxedKernelClient, klass=AsyncKernelClient)
    provisioner: SandboxProvisioner | None
    ipykernel = True

    @property
    def kernel_spec(self) -> KernelSpec:
        """Python with ipykernel, in this environment."""
        if self._kernel_spec is None:
            self._kernel_spec = KernelSpec(
                argv=["python", "-m", "ipykernel_launcher", "-f", "{connection_file}", *self.arguments],
                display_name="Python in a sandbox",
                language="python",
                interrupt_mode="message",
                metadata={"kernel_provisioner": {"provisioner_name": "cnn-labs-sandbox"}},
            )
        return self._kernel_spec

    async def _async_pre_start_kernel(self, **kw: Any) -> tuple[list[str], dict[str, Any]]:
        if self.provisioner is None:
            self.kernel_id = self.kernel_id or str(uuid.uuid4())
            self.provisioner = SandboxProvisioner(
                kernel_id=self.kernel_id,
                kernel_spec=self.kernel_spec,
                parent=self,
                limits=self.limits,
                environment=self.environment,
                kernel_file=self.kernel_file,
                imports=self.imports,
                private=self.private,
                named_files=self.named_files,
                shown=self.shown,
            )
        return await super()._async_pre_start_kernel(**kw)

    pre_start_kernel = _async_pre_start_kernel
