"""Each lab as released and as solved."""

import copy

import pytest
from solved_labs import released_of, solution_of


@pytest.fixture
def released(lab):
    return released_of(lab)


@pytest.fixture
def solved(lab):
    """A solved copy of the lab, to be damaged."""
    return copy.deepcopy(solution_of(lab))
