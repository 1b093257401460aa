"""How failures are put together, and which messages are called ambiguous."""

from course.grading.feedback.task_state import State
from course.grading.report.attempts import Attempt
from course.grading.report.classroom import Classroom, Status, Student, Task
from course.grading.report.failures import ambiguous, find_failures
from course.grading.report.item_analysis import analyse

TASKS = (Task("a", "Task A", "A", 2, True), Task("b", "Task B", "B", 2, True), Task("c", "Task C", "C", 2, True))
RIGHT = Attempt(2, State.RIGHT)


def wrong(message, line=1, answer="x", state=State.WRONG, hidden=False):
    return Attempt(0, state, message, line, "assert x", hidden, answer)


def classroom(*attempts: dict[str, Attempt]) -> Classroom:
    students = tuple(
        Student(f"s{number:02}", Status.GRADED, attempts={"a": RIGHT, "b": RIGHT, "c": RIGHT} | one)
        for number, one in enumerate(attempts)
    )
    return Classroom("lab", "Lab", TASKS, students)


def judged(made: Classroom):
    return ambiguous(made, find_failures(made), analyse(made.points(), {task.name: task.max_points for task in TASKS}))


def test_an_assertion_is_one_failure_whatever_values_are_in_its_message():
    made = classroom(*({"a": wrong(f"It is {value}.")} for value in (3, 4, 4)), {"a": wrong("It is 4.", line=2)})
    first, second = find_failures(made)
    assert (first.message, first.wordings, first.students) == ("It is 4.", 2, ("s00", "s01", "s02"))
    assert second.students == ("s03",) and second.line == 2


def test_errors_are_put_together_by_message_wherever_they_were_raised():
    errors = [wrong("IndexError: 3 of 2", line, state=State.ERROR) for line in (1, 5)]
    (one,) = find_failures(classroom(*({"a": error} for error in errors), {"b": RIGHT}))
    assert len(one.students) == 2 and one.state == State.ERROR


def test_up_to_three_answers_that_differ_in_more_than_spaces():
    answers = ["x=1", "x = 1", "", "x = 2", "x = 3", "x = 4"]
    (one,) = find_failures(classroom(*({"a": wrong("No.", answer=answer)} for answer in answers)))
    assert one.examples == (("s00", "x=1"), ("s03", "x = 2"), ("s04", "x = 3"))


def test_what_is_not_a_failure():
    states = (State.NOT_ATTEMPTED, State.MARKED, State.WAITING)
    assert find_failures(classroom(*({"a": Attempt(0, state)} for state in states))) == []


def test_one_message_of_two_assertions_is_ambiguous():
    said = [{"a": wrong("No.", line)} for line in (1, 1, 1, 7, 7)]
    (one,) = judged(classroom(*said))
    assert "5 students read it, for different faults: lines 1 and 7 of the test say the same" in one.reason
    assert judged(classroom(*said[:4])) == [], "too few to tell"
    assert judged(classroom(*({"a": wrong(f"{line}", line)} for line in (1, 1, 1, 7, 7)))) == []


def test_a_message_that_strong_students_get_is_ambiguous():
    """The task tells strong from weak as a whole; but those with one of its messages are as good as the best."""
    weak = [{"a": wrong("Weak.", 1), "b": wrong("B"), "c": wrong("C")}] * 12
    strong = [{"a": wrong("Strange.", 2)}] * 5
    (one,) = [one for one in judged(classroom(*weak, *strong, *[{}] * 20)) if one.task.name == "a"]
    assert one.message == "Strange." and "have 100% of the other points, those whose answer is right 100%" in one.reason
    assert not [one for one in judged(classroom(*weak, *strong[:4], *[{}] * 20)) if one.task.name == "a"]
