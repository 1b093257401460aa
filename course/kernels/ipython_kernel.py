"""ipykernel's own kernel, as a fork server's copies become it."""

from ipykernel.kernelapp import IPKernelApp


def launch(argv: list[str]) -> None:
    """Run the kernel with arguments such as `-f connection.json` until it is shut down."""
    IPKernelApp.launch_instance(argv=argv)
