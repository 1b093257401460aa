"""The kernel's end of the sealed messages (seal.py is the grader's)."""

from _blake2 import blake2b
from collections.abc import Callable

PAD = 512  # verdicts are of a few lengths only: what one is about does not show


def make_messages(
    key: bytes,
) -> tuple[Callable[[bytes, bytes], bytes | None], Callable[[bytes, bytes], bytes], Callable[[], None]]:
    """Functions to open a test that the grader signed, to seal a verdict, and to forget the key.

    Opening takes a nonce and the message and returns None unless it is the grader's, and the nonce's first use.
    Sealing takes the nonce and the verdict.
    """
    state, used = {"key": key}, set[bytes]()

    def crypt(nonce: bytes, purpose: bytes, data: bytes) -> bytes:
        stream, count = b"", 0
        while len(stream) < len(data):
            stream += blake2b(nonce + purpose + count.to_bytes(8, "big"), key=state["key"]).digest()
            count += 1
        return bytes(a ^ b for a, b in zip(data, stream, strict=False))

    def tag(nonce: bytes, purpose: bytes, data: bytes) -> bytes:
        return blake2b(nonce + purpose + data, key=state["key"], digest_size=32).digest()

    def opened(nonce: bytes, message: bytes) -> bytes | None:
        if nonce in used or tag(nonce, b"test", message[32:]) != message[:32]:
            return None
        used.add(nonce)
        return crypt(nonce, b"test", message[32:])

    def sealed(nonce: bytes, verdict: bytes) -> bytes:
        verdict = verdict.ljust(-(-len(verdict) // PAD) * PAD)
        secret = crypt(nonce, b"verdict", verdict)
        return tag(nonce, b"verdict", secret) + secret

    def forget() -> None:
        state["key"] = b"forked"

    return opened, sealed, forget
