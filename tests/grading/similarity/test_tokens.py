"""What makes no difference between two answers, and what does."""

import random

import pytest

from benchmarks.made_answers import DISGUISES
from course.grading.similarity.fingerprints import bits_by_fingerprint, token_runs
from course.grading.similarity.marks import COMMON, PLAIN, SHARED_RARELY, mark_shared
from course.grading.similarity.tokens import code_tokens, prose_tokens

ANSWER = '''
def scale(images, largest=255.0):
    """Scale them."""
    kind = "float32"
    count = 1_000
    for index, (first, second) in enumerate(images):
        total = lambda one, two=3: one + two
    return (images.astype(kind) / largest, [row for row in images], count)
'''


def texts(source):
    return [token.text for token in code_tokens(source)]


@pytest.mark.parametrize("name", ["renamed variables", "changed comments and formatting"])
def test_a_disguise_makes_no_difference(name):
    disguised = DISGUISES[name](ANSWER, random.Random(1))
    assert disguised != ANSWER and texts(disguised) == texts(ANSWER)


def test_most_fingerprints_are_left_when_statements_are_reordered():
    first, second = (
        set(token_runs(code_tokens(one)))
        for one in (
            ANSWER,
            ANSWER.replace('    kind = "float32"\n    count = 1_000\n', '    count = 1_000\n    kind = "float32"\n'),
        )
    )
    assert first != second and len(first & second) / len(first | second) > 0.7


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = np.mean(y, axis=0,)", "result = np.mean( y, axis = 0 )  # the mean"),
        ("x = 'a'; z = 1_000", 'x = "a"\nz = 1000.0'),
        ("for a in b:\n    pass", "for long_name in b:\n\n    pass"),
        ("with open(p) as f: q = f", "with open(p) as handle: text = handle"),
        ("def f(a: int, *b, c=2, **d): return a", "def g(e: int, *h, i=2, **j): return e"),
        ("if (n := 3): m = n\np: int = 2", "if (k := 3): o = k\nq: int = 2"),
    ],
)
def test_the_same(one, other):
    assert texts(one) == texts(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = np.mean(y)", "x = np.sum(y)"),
        ("Dense(10, activation='relu')", "Dense(10, activation='tanh')"),
        ("f(axis=0)", "f(keepdims=0)"),
        ("x = X_train", "x = X_test"),
        ("x[a] = 1", "x[b] = 1"),
        ("return a <= 3", "return b <= 3"),
    ],
)
def test_not_the_same(one, other):
    assert texts(one) != texts(other)


@pytest.mark.parametrize(
    "source", ["", "def (", "((((" * 5000, "%matplotlib inline\n!ls", "x = '''", "\ud800\0", "=", ")" * 99]
)
def test_any_text_is_taken_apart(source):
    tokens = code_tokens(source)
    assert all(source[token.start : token.end].strip() for token in tokens)
    assert len(token_runs(tokens)) <= max(len(tokens), 1)


def test_words_of_prose_without_regard_to_letters_and_marks():
    assert [one.text for one in prose_tokens("The digits, *never* seen!")] == ["the", "digits", "never", "seen"]


def test_what_was_handed_out_says_nothing_and_what_is_rare_says_more():
    stub, shared, rare = ("a", "b"), ("c",), ("d",)
    answers = [[stub, shared, rare], [stub, shared, rare], *[[stub, shared]] * 10]
    weights = bits_by_fingerprint(answers, [stub])
    assert weights[stub] == 0 < weights[shared] < weights[rare]


def test_marks_tell_rare_from_common_and_leave_out_indents_and_comments():
    source = "def f(a):\n    # why\n    return np.linalg.norm(a)"
    weights = dict.fromkeys(token_runs(code_tokens(source)), 1.0)
    left, right = mark_shared(source, f"{source} + other", False, weights)
    assert "".join(part.text for part in left) == source and {part.mark for part in left} == {PLAIN, SHARED_RARELY}
    assert not any("#" in part.text or "\n" in part.text for part in left if part.mark)
    assert right[-1].text.strip() == "+ other" and right[-1].mark == PLAIN
    (common, *_), _ = mark_shared("a.b.c", "a.b.c", False, {("a", ".", "b", ".", "c"): 0.1, ("b",): 0.6})
    assert common.mark == COMMON
