"""How likeness becomes surprise."""

import random

import numpy as np
import pytest

from course.grading.similarity.fingerprints import bits_by_fingerprint
from course.grading.similarity.likeness import compare_answers
from course.grading.similarity.surprise import rank_pairs

COUNT = 40


def task(forced: bool, copied: bool, draw: random.Random):
    """A task of a class whose answers are the same for all, or each its own; 0 and 1 may have the same one."""
    own = [
        [("same", str(run)) if forced else (str(draw.randrange(60)), str(run)) for run in range(40)]
        for _ in range(COUNT)
    ]
    if copied:
        own[1] = own[0]
    known = [[("known", str(run)) for run in range(40)]]
    answers = own + known
    return compare_answers(answers, COUNT, bits_by_fingerprint(answers, []))


def test_a_copied_pair_surprises_and_no_other_pair_does():
    draw = random.Random(3)
    tasks = [task(False, True, draw) for _ in range(6)]
    first, second, *_ = rank_pairs(tasks, 5)
    assert (first.first, first.second) == (0, 1) and first.is_surprising and first.expected < 1e-5
    assert not second.is_surprising


def test_the_same_answer_says_nothing_where_all_have_it():
    forced = task(True, True, random.Random(3))
    assert forced.common[0, 1] > 0.8 and forced.bits[0, 1] == pytest.approx(0, abs=0.1)
    assert not any(pair.is_surprising for pair in rank_pairs([forced] * 9, 10))


def test_more_tasks_in_common_surprise_more():
    draw = random.Random(3)
    expected = []
    for copied in (0, 2, 4, 8):
        tasks = [task(False, number < copied, draw) for number in range(8)]
        pairs = {(pair.first, pair.second): pair for pair in rank_pairs(tasks, COUNT**2)}
        expected.append(pairs[0, 1].expected)
    assert expected == sorted(expected, reverse=True) and expected[-1] < 1e-6 < expected[1]


@pytest.mark.slow
def test_by_chance_about_one_pair_of_a_class_is_expected_to_be_as_alike_as_its_most_alike():
    """The number that is expected means what it says: of classes without copies, hardly one has a surprising pair."""
    least = []
    for seed in range(40):
        draw = random.Random(seed)
        least.append(rank_pairs([task(False, False, draw) for _ in range(5)], 1)[0].expected)
    assert 0.1 < np.median(least) < 5 and sum(one < 0.01 for one in least) <= 2


def test_who_has_not_answered_is_like_nobody():
    answers = [[], [], [("a", "b")], [("a", "b")], [("c", "d")]]
    compared = compare_answers(answers, 5, bits_by_fingerprint(answers, []))
    assert not compared.bits[0].any() and not compared.bits[1].any() and compared.bits[2, 3] > 0
    nothing = compare_answers([[], []], 2, {})
    assert [pair.is_surprising for pair in rank_pairs([nothing], 5)] == [False]
