"""How surprising it is that two students are so alike over all tasks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course.grading.similarity.likeness import Matrix, TaskLikeness

_STEP = 0.05  # bits, to which sums are rounded
TO_DEVIATION = 1.4826  # from the median absolute deviation to the standard deviation of a normal distribution
SURPRISING = 0.01  # pairs expected by chance in the whole class


@dataclass(frozen=True)
class AlikePair:
    """Two students by their places in the class, the sum of their bits, and how often chance alone brings as many.

    `expected` is the number of pairs at least so alike that are to be expected in a class of this size whose students
    work on their own.
    """

    first: int
    second: int
    bits: float
    expected: float

    @property
    def is_surprising(self) -> bool:
        """Whether chance does not explain it."""
        return self.expected < SURPRISING


def rank_pairs(tasks: Sequence[TaskLikeness], max_pairs: int) -> list[AlikePair]:
    """The most surprising pairs of a class, the most surprising first.

    What chance brings is the sum of one usual pair of answers from each task, the tasks being independent. Where the
    class varies more than that, as where some write in one style throughout, sums are scaled down by as much.
    """
    count = len(tasks[0].bits)
    rows, columns = np.triu_indices(count, 1)
    sums = np.sum([task.bits[rows, columns] for task in tasks], axis=0)
    chance = _sums_by_chance(tasks)
    probability = np.append(np.cumsum(chance[::-1])[::-1], 0.0)  # of at least so many steps
    steps = np.floor(_scaled(sums, chance) / _STEP + 1e-6).astype(int)
    expected = probability[np.clip(steps, 0, len(chance) - 1)] * len(rows)
    order = np.lexsort((-sums, expected))[:max_pairs]
    return list(_pairs(rows[order], columns[order], sums[order], expected[order]))


def _pairs(rows: NDArray[np.intp], columns: NDArray[np.intp], sums: Matrix, expected: Matrix) -> Iterator[AlikePair]:
    for row, column, bits, number in zip(rows, columns, sums, expected, strict=True):
        yield AlikePair(int(row), int(column), float(bits), float(number))


def _sums_by_chance(tasks: Sequence[TaskLikeness]) -> Matrix:
    """The distribution of the sum, by steps."""
    chance = np.array([1.0])
    for task in tasks:
        if task.usual.size:
            counts = np.bincount(np.floor(task.usual / _STEP + 1e-6).astype(int))
            chance = np.convolve(chance, counts / counts.sum())
    return chance


def _scaled(sums: Matrix, chance: Matrix) -> Matrix:
    """The sums, scaled to the spread that chance brings if theirs is larger."""
    places = np.arange(len(chance)) * _STEP
    mean = float(np.sum(places * chance))
    spread = float(np.sqrt(np.sum((places - mean) ** 2 * chance)))
    middle = float(np.median(sums))
    own_spread = TO_DEVIATION * float(np.median(np.abs(sums - middle)))
    scale = max(own_spread / spread, 1.0) if spread else 1.0
    return np.asarray(np.where(sums > mean, mean + (sums - max(mean, middle)) / scale, sums))
