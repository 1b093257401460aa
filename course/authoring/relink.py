"""Relative links of Markdown pages that move to another folder."""

import os
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from course.errors import PublishError

# The target of `[text](target)` and `![text](target)`, and of an <img>, up to a heading's anchor or a title.
TARGET = re.compile(r"""(\]\(|<img\b[^>]*?\bsrc=")([^)\s#"]+)""")


def relink(text: str, source: str, places: Mapping[str, str]) -> str:
    """A page of the instructors' repository with its links adapted to the students' edition.

    Parameters
    ----------
    text
        The page's Markdown.
    source
        Its path in the instructors' repository.
    places
        Where each file of the edition lies in the edition, by its path in the instructors' repository.

    Raises
    ------
    PublishError
        The page links to a file that is not part of the edition.
    """

    def new_link(match: re.Match[str]) -> str:
        target = match[2]
        if re.match(r"[a-z]+:|\$", target):  # an address, or one that a template fills in
            return match[0]
        linked_path = os.path.normpath(PurePosixPath(source).parent / target)
        if linked_path not in places:
            raise PublishError(
                f"{source} links to {target}, which students do not get. Delete the link, or say there what they need."
            )
        return match[1] + os.path.relpath(places[linked_path], PurePosixPath(places[source]).parent)

    return TARGET.sub(new_link, text)
