"""The grader's end of the sealed messages to and from the judge in the kernel (judge.py holds the other)."""

import ast
import secrets
from hashlib import blake2b
from typing import Any

BETWEEN = "\0"  # no Python code contains it


class Seal:
    """A key for one kernel, and the encryption and signatures made with it.

    Encryption is by a stream of keyed BLAKE2b blocks in counter mode; each message has a nonce of its own.
    """

    def __init__(self) -> None:
        """Draw a new key."""
        self.key = secrets.token_bytes(32)

    def request(self, *cells: str) -> tuple[bytes, dict[str, str]]:
        """A nonce, and the content of a message that asks the judge to run these cells one after the other."""
        nonce = secrets.token_bytes(16)
        hidden = self._crypt(nonce, b"test", BETWEEN.join(cells).encode())
        return nonce, {"nonce": nonce.hex(), "sealed": (self._tag(nonce, b"test", hidden) + hidden).hex()}

    def verdict(self, nonce: bytes, content: dict[str, Any]) -> dict[str, Any] | None:
        """The judge's verdict on the request with this nonce, or None if the message is not the judge's.

        "verdicts" has an entry for each cell; "before" and "during" list what the judge noticed.
        """
        try:
            sealed = bytes.fromhex(content["sealed"])
        except (KeyError, TypeError, ValueError):
            return None
        signature, hidden = sealed[:32], sealed[32:]
        if not secrets.compare_digest(signature, self._tag(nonce, b"verdict", hidden)):
            return None
        verdict: dict[str, Any] = ast.literal_eval(self._crypt(nonce, b"verdict", hidden).decode().strip())
        return verdict

    def _crypt(self, nonce: bytes, purpose: bytes, data: bytes) -> bytes:
        blocks = range(-(-len(data) // 64))
        stream = b"".join(blake2b(nonce + purpose + n.to_bytes(8, "big"), key=self.key).digest() for n in blocks)
        return bytes(a ^ b for a, b in zip(data, stream, strict=False))

    def _tag(self, nonce: bytes, purpose: bytes, hidden: bytes) -> bytes:
        return blake2b(nonce + purpose + hidden, key=self.key, digest_size=32).digest()
