"""How like two answers to one task are, and how rare it is that two answers to this task are so alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from course.grading.similarity.fingerprints import Fingerprint

Matrix = NDArray[np.float64]
SHORT = 3.0  # bits; an answer that says less than a few times this is not taken for like another one
_EQUAL = 1e-9  # likenesses that differ by less are the same


@dataclass(frozen=True)
class TaskLikeness:
    """One task: by two students, the share that their answers have in common, and how many bits their likeness says.

    The share is of all fingerprints, each as good as another, so that equal answers have all in common.
    `usual` are the bits of all pairs of answers: of the class, and of the class with a known answer.
    """

    common: Matrix
    bits: Matrix
    usual: Matrix


def compare_answers(
    answers: Sequence[Sequence[Fingerprint]], count: int, weights: Mapping[Fingerprint, float]
) -> TaskLikeness:
    """Compare each answer to a task with each other.

    The bits are the logarithm of a rank: of all other answers, how many are at least as like this one as that one is?
    So the same likeness says much where answers differ, little where all solve the task in one of few ways, and nothing
    where the task leaves no choice. Of a pair, it is the mean of both ranks; 0 if one of them has no answer.

    Parameters
    ----------
    answers
        The fingerprints of each answer: first those of the class, none for who has not answered, then the known ones.
    count
        How many of them are of the class.
    weights
        What each fingerprint says, in bits.
    """
    common = _shares_in_common(answers, dict.fromkeys(weights, 1.0), 0.0)
    weighed = _shares_in_common(answers, weights, SHORT)
    answered = np.array([bool(answer) for answer in answers])
    both = answered[:, None] & answered
    ranks = _bits_of_ranks(np.where(both, weighed, -1.0), answered)
    bits = np.where(both, (ranks + ranks.T) / 2, 0.0)
    pairs = np.triu(both, 1)[:count]
    return TaskLikeness(common[:count, :count], bits[:count, :count], bits[:count][pairs])


def _shares_in_common(
    answers: Sequence[Sequence[Fingerprint]], weights: Mapping[Fingerprint, float], short: float
) -> Matrix:
    """What each two answers share, as a share of what both say (Dice's coefficient of the weights), from 0 to 1.

    `short` is added to what each of them says.
    """
    places: dict[Fingerprint, int] = {}
    rows, columns = [], []
    for row, answer in enumerate(answers):
        for run in set(answer):
            rows.append(row)
            columns.append(places.setdefault(run, len(places)))
    shape = (len(answers), max(len(places), 1))
    holds = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    weight = np.array([weights[run] for run in places] or [0.0])
    in_common = np.asarray((holds.multiply(weight[None, :]).tocsr() @ holds.T).todense())
    own = in_common.diagonal()
    said = own[:, None] + own + 2 * short
    return np.asarray(np.divide(2 * in_common, said, out=np.zeros_like(said), where=said > 0))


def _bits_of_ranks(common: Matrix, answered: NDArray[np.bool_]) -> Matrix:
    """For each answer (row), the bits that the likeness of each other one (column) says."""
    others = max(int(answered.sum()) - 1, 1)
    bits = np.zeros_like(common)
    for row in np.flatnonzero(answered):
        rest = np.sort(np.delete(common[row], row))
        as_like = len(rest) - np.searchsorted(rest, common[row] - _EQUAL)
        bits[row] = -np.log2(np.clip(as_like, 1, others) / others)
    return bits
