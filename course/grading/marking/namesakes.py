"""Students of one name are told apart in Formgrader's lists, where nbgrader shows only the name."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from nbgrader.server_extensions.formgrader import apihandlers


def tell_apart(submissions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The submissions of a list, those of namesakes with the student's id behind the name."""
    counts = Counter(map(_name, submissions))
    return [
        {**entry, "first_name": f"{entry['first_name']} ({entry['student']})"}
        if counts[_name(entry)] > 1 and any(_name(entry))
        else entry
        for entry in submissions
    ]


def _name(entry: dict[str, Any]) -> tuple[str | None, str | None]:
    return entry["last_name"], entry["first_name"]


class TellApart:
    """A handler that lists submissions; put before one of nbgrader's, which write JSON once."""

    def write(self, chunk: str) -> None:
        """Write the list."""
        super().write(json.dumps(tell_apart(json.loads(chunk))))  # type: ignore[misc]  # of the handler's own class


class SubmittedNotebooks(TellApart, apihandlers.SubmittedNotebookCollectionHandler):  # type: ignore[misc]
    """The list of what is marked."""


class Submissions(TellApart, apihandlers.SubmissionCollectionHandler):  # type: ignore[misc]
    """The list of what was handed in."""
