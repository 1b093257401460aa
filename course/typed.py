"""Commands in messages, as they can be typed where the reader is."""

import shlex
from pathlib import Path


def typed(verb: str, lab: str, folder: Path | None, *options: str) -> str:
    """`course VERB LAB OPTIONS`, and the folder of the class if it is known and not the working folder."""
    words = ["course", verb, lab, *options]
    if folder is not None and folder.resolve() != Path.cwd():
        words += ["--folder", str(folder)]
    return shlex.join(words)
