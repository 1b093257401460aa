"""Commands for messages, as the reader can type them in the working folder."""

import shlex
from pathlib import Path


def course_command(verb: str, lab: str, folder: Path | None, *options: str) -> str:
    """`course VERB LAB OPTIONS`, with `--folder` if the class's folder is known and is not the working folder."""
    arguments = ["course", verb, lab, *options]
    if folder is not None and folder.resolve() != Path.cwd():
        arguments += ["--folder", str(folder)]
    return shlex.join(arguments)
