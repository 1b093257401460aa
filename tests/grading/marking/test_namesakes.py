"""Students of one name in Formgrader's lists."""

from course.grading.marking.namesakes import tell_apart


def entry(student, last, first):
    return {"student": student, "last_name": last, "first_name": first}


def test_only_namesakes_get_their_id_behind_the_name():
    listed = [
        entry("w1", "Weber", "Anna"),
        entry("w2", "Weber", "Anna"),
        entry("w3", "Weber", "Ben"),
        entry("x", "", ""),
    ]
    listed += [entry("n1", None, None), entry("n2", None, None), entry("y", "", "")]
    names = [(told["last_name"], told["first_name"]) for told in tell_apart(listed)]
    assert names[:3] == [("Weber", "Anna (w1)"), ("Weber", "Anna (w2)"), ("Weber", "Ben")]
    assert names[3:] == [("", ""), (None, None), (None, None), ("", "")], "without a name, Formgrader shows the id"
