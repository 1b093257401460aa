"""The outputs of cells, up to a limit."""

import json
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output, output_from_msg
from nbformat.validator import isvalid


class OutputAllowance:
    """The number of bytes that a cell, or all cells of a submission together, may still show."""

    def __init__(self, kib: int) -> None:
        """Begin with that many KiB."""
        self.remaining = kib * 1024


class OutputCollector:
    """Collects a cell's outputs up to a limit; the rest is dropped as it arrives."""

    def __init__(self, kib: int, total_allowance: OutputAllowance) -> None:
        """Keep up to that many KiB, as long as the allowance of all cells lasts."""
        self.outputs: list[NotebookNode] = []
        self._cell_allowance, self._total_allowance, self._is_cut_off = OutputAllowance(kib), total_allowance, False

    def add(self, message: dict[str, Any]) -> None:
        """Keep the output of a message if it is valid and within the allowances."""
        if self._is_cut_off:
            return
        try:
            output = output_from_msg(message)
            size = len(json.dumps(output))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return  # made up by the submission: no kernel sends such a message
        if not isvalid(output, ref="output", version=4, version_minor=5):
            return
        if size > min(self._cell_allowance.remaining, self._total_allowance.remaining):
            self._is_cut_off = True
            self.outputs.append(new_output("stream", name="stderr", text="\n[Further output was cut off.]\n"))
            return
        for allowance in (self._cell_allowance, self._total_allowance):
            allowance.remaining -= size
        if self.outputs and output.output_type == self.outputs[-1].output_type == "stream":
            self._merge(output)
        else:
            self.outputs.append(output)

    def _merge(self, output: NotebookNode) -> None:
        if output.name == self.outputs[-1].name:
            self.outputs[-1].text += output.text
        else:
            self.outputs.append(output)
