"""The key by which this course signs: read only from a file that nobody else can read."""

import json
import os
import stat
import warnings
from pathlib import Path

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import RSAKey

from course.errors import LtiError

ALGORITHM = "RS256"  # the one that LTI demands of every platform
_SHORTEST = 2048  # bits
HOW_TO = "Make one: openssl genrsa -out lti_key.pem 2048"


def read_private_key(path: Path) -> RSAKey:
    """The RSA key in a PEM file.

    Raises
    ------
    LtiError
        The file cannot be read, others can read it, or it holds no private RSA key of at least 2,048 bits without a
        password.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read()
    except OSError as error:
        raise LtiError(f"The private key {path} cannot be read: {error.strerror}. {HOW_TO}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise LtiError(
            f"The private key {path} can be read or changed by others (its mode is {mode:o}), who could then give "
            f"grades in your name. If somebody may have read it, make a new one; if not: chmod 600 {path}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of short keys, which are refused below
            key = RSAKey.import_key(content)
    except (JoseError, ValueError, TypeError) as error:  # TypeError: it has a password
        raise LtiError(f"{path} holds no RSA key in PEM form without a password: {error}. {HOW_TO}") from error
    if key.private_key is None:
        raise LtiError(f"{path} holds a public key. Name the file with the private one that belongs to it.")
    if key.private_key.key_size < _SHORTEST:
        raise LtiError(f"The private key {path} has {key.private_key.key_size} bits, too few to be safe. {HOW_TO}")
    return key


def public_jwk(key: RSAKey, key_id: str) -> str:
    """The public half as JSON, as platforms take it."""
    public = key.as_dict(private=False)
    named = {"kid": key_id, "alg": ALGORITHM, "use": "sig"}
    return json.dumps(named | {name: public[name] for name in ("kty", "n", "e")})
