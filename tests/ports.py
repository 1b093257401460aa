"""Ports of this machine on which nobody listens, for programs that tests start."""

import socket


def free_ports(count):
    """So many different ones."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
