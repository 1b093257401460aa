"""Statements with a known verdict, drawn anew for each test cell, that prove that tests still bite."""

import random
from dataclasses import dataclass

CANARIES = 3  # around a test cell


@dataclass(frozen=True)
class Canary:
    """A tiny test cell and whether it must pass."""

    source: str
    passes: bool


# {a} and {b} are different numbers. Helpers are those that tests compare with.
FAIL = (
    "assert {a} == {b}",
    "assert not {a} != {a}.5",
    "assert False, 'canary {a}'",
    "raise AssertionError('canary {a}')",
    "assert isinstance({a}, str)",
    "assert abs({a} - {b}) < 0.5",
    "assert all([{a} == {a}, {a} == {b}])",
    "assert any([{a} == {b}])",
    "assert [{a}, {b}] == [{b}, {a}]",
    "assert len(range({a})) == {b}",
    "import numpy as np\nassert np.allclose([{a}.0, {b}.0], [{b}.0, {a}.0])",
    "import numpy as np\nassert np.array_equal(np.arange({a}), np.arange({b}))",
    "import numpy as np\nassert (np.asarray([{a}, {b}]) == {b}).all()",
    "import numpy as np\nnp.testing.assert_allclose([{a}.0], [{b}.0])",
    "import math\nassert math.isclose({a}, {b})",
    "{a} / 0",
)
PASS = (
    "assert {a} != {b}",
    "assert {a} == {a} and isinstance({a}, int)",
    "assert sum([{a}, {b}]) == {a} + {b}",
    "import numpy as np\nassert np.allclose([{a}.0], [{a}.0])",
    "try:\n    assert {a} == {b}\nexcept AssertionError:\n    bitten = True\nassert bitten",
)


def draw(rng: random.Random) -> list[Canary]:
    """Two that must fail and one that must pass, in random order."""
    chosen = [(text, False) for text in rng.sample(FAIL, CANARIES - 1)] + [(rng.choice(PASS), True)]
    rng.shuffle(chosen)
    canaries = []
    for text, passes in chosen:
        a, b = rng.sample(range(2, 1_000), 2)
        canaries.append(Canary(text.format(a=a, b=b), passes))
    return canaries
