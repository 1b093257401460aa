"""Keys for tests of LTI, made anew each time."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

LAB = "03_lab"  # the lab in the settings of tests that need no gradebook


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def pem(key: rsa.RSAPrivateKey, password: bytes | None = None) -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def write_key(path: Path, content: bytes) -> Path:
    path.touch(0o600)
    path.write_bytes(content)
    return path
