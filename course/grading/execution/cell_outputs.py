"""What cells show, as far as there is room for it."""

import json
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output, output_from_msg
from nbformat.validator import isvalid


class Room:
    """What is left of the bytes that all cells of a submission may show together."""

    def __init__(self, kib: int) -> None:
        """Begin with so many KiB."""
        self.left = kib * 1024


class Outputs:
    """What a cell showed, up to a limit; the rest is dropped while it arrives."""

    def __init__(self, kib: int, of_all: Room) -> None:
        """Keep up to so many KiB, if there is as much room for all cells."""
        self.kept: list[NotebookNode] = []
        self._own, self._of_all, self._cut = Room(kib), of_all, False

    def add(self, message: dict[str, Any]) -> None:
        """Keep the output of a message if it is a valid one and there is room for it."""
        if self._cut:
            return
        try:
            output = output_from_msg(message)
            size = len(json.dumps(output))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return  # made up by the submission: no kernel sends such a message
        if not isvalid(output, ref="output", version=4, version_minor=5):
            return
        if size > min(self._own.left, self._of_all.left):
            self._cut = True
            self.kept.append(new_output("stream", name="stderr", text="\n[Further output was cut off.]\n"))
            return
        for room in (self._own, self._of_all):
            room.left -= size
        if self.kept and output.output_type == self.kept[-1].output_type == "stream":
            self._merge(output)
        else:
            self.kept.append(output)

    def _merge(self, output: NotebookNode) -> None:
        if output.name == self.kept[-1].name:
            self.kept[-1].text += output.text
        else:
            self.kept.append(output)
