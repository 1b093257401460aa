"""Lines of a lab's source that students must not see."""

import re

from nbformat import NotebookNode

SOLUTION, HIDDEN = "SOLUTION", "HIDDEN TESTS"


def secret_lines(source: NotebookNode, *kinds: str) -> set[str]:
    """Lines between BEGIN and END of these kinds that the lab does not also show openly; short ones are left out."""
    secret, shown = set(), set()
    for cell in source.cells:
        for kind in kinds:
            for part in re.findall(rf"### BEGIN {kind}\n(.*?)### END {kind}", cell.source, re.DOTALL):
                secret |= {line.strip() for line in part.splitlines() if len(line.strip()) > 14}
        openly = re.sub(r"### BEGIN.*?### END [A-Z ]+", "", cell.source, flags=re.DOTALL)
        shown |= {line.strip() for line in openly.splitlines()}
    assert len(secret - shown) > 30, "there is too little to look for"
    return secret - shown
