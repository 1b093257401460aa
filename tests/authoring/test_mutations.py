"""Mutants of an answer: every kind of change is made, one at a time, and none that changes nothing."""

import pytest

from course.authoring.mutations import mutants


def changes(answer, names=()):
    return {mutant.change.partition(": ")[2]: mutant.answer for mutant in mutants("task", answer, names)}


@pytest.mark.parametrize(
    ("answer", "change", "mutant"),
    [
        ("x = 3", "3 becomes 4", "x = 4"),
        ("x = 3", "3 becomes 2", "x = 2"),
        ("x = 0", "0 becomes 1", "x = 1"),
        ("x = 0.5", "0.5 becomes 1.0", "x = 1.0"),
        ("x = True", "True becomes False", "x = False"),
        ("x = a - b", "Sub becomes Add", "x = a + b"),
        ("x -= b", "Sub becomes Add", "x += b"),
        ("x = a <= b", "LtE becomes Lt", "x = a < b"),
        ("x = a and b", "And becomes Or", "x = a or b"),
        ("f(a, b)", "the argument b is left out", "f(a)"),
        ("f(a, axis=1)", "the argument axis=1 is left out", "f(a)"),
        ("f(activation='relu')", "'relu' becomes 'tanh'", "f(activation='tanh')"),
        ("f(padding='valid')", "'valid' becomes 'same'", "f(padding='same')"),
        ("x = a.argmax()", "argmax becomes argmin", "x = a.argmin()"),
        ("x = 1\nf(x)", "«f(x)» is left out", "x = 1"),
        ("def f():\n    return g", "«return g» is left out", "def f():\n    pass"),
        ("if a:\n    f()\nelse:\n    g()", "«g()» is left out", "if a:\n    f()"),
        ("x = [a, b]", "b is left out", "x = [a]"),
    ],
)
def test_each_change(answer, change, mutant):
    assert changes(answer)[change] == mutant


def test_a_layer_more():
    text = "model = Sequential([layers.Flatten(), layers.Dense(10)])"
    found = changes(text)["layers.Dropout(0.5) follows layers.Flatten()"]
    assert found == "model = Sequential([layers.Flatten(), layers.Dropout(0.5), layers.Dense(10)])"


def test_other_digits_are_those_of_the_notebook():
    found = changes("model.fit(X_train, y_train)", ("X_train", "X_test", "y_train"))
    assert found["X_train becomes X_test"] == "model.fit(X_test, y_train)"
    assert not any("y_train becomes" in change for change in found)


@pytest.mark.parametrize(
    "answer",
    ['"""Text only."""', "def f():\n    '''Text.'''", "fit(verbose=None)", "assert_left_alone"],
)
def test_what_is_not_changed(answer):
    assert all("is left out" in change for change in changes(answer))
    assert not any("«Text" in change or "argument verbose" in change for change in changes(answer))


def test_mutants_are_other_programs_each_once():
    answer = "def f(a, b=2):\n    '''Text.'''\n    x = 1 * 2 if a else 2\n    return x + b\n"
    found = mutants("task", answer, ())
    assert len({mutant.answer for mutant in found}) == len(found) == len({mutant.change for mutant in found})
    for mutant in found:
        compile(mutant.answer, "mutant", "exec")


def test_the_place_is_line_and_column():
    assert [mutant.change for mutant in mutants("task", "a = b\nc = d * 2")] == [
        "1:0: «a = b» is left out",
        "2:0: «c = d * 2» is left out",
        "2:4: Mult becomes Div",
        "2:8: 2 becomes 3",
        "2:8: 2 becomes 1",
    ]
