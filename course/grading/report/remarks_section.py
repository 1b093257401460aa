"""The section on what was repaired, cut off, and listed for review."""

from collections import defaultdict

from course.grading.report.blocks import Block, Section, TableBlock, TextBlock
from course.grading.report.classroom import Classroom
from course.inbox.notes import printable
from course.text.listing import shortened

_NOTHING = "No file had to be repaired, nothing was cut off, and nothing is to be looked at."


def remarks_section(classroom: Classroom) -> Section:
    """Three tables."""
    repaired, cut = by_kind(classroom, "repairs"), by_kind(classroom, "cuts")
    repairs = [(kind.replace("-", " "), len(who), text, shortened(who)) for kind, (who, text) in repaired.items()]
    cuts = [(place, len(who), text, shortened(who)) for place, (who, text) in cut.items()]
    reviews = [(student.id, printable(text)) for student in classroom.students for text in student.review]
    blocks: list[Block] = []
    if repairs:
        columns = ("repair", "students", "for example", "who")
        blocks.append(TableBlock("What was repaired in the files", columns, repairs, folded=len(repairs) > 10))
    if cuts:
        columns = ("cut off at", "students", "for example", "who")
        blocks.append(TableBlock("What was cut off", columns, cuts, folded=len(cuts) > 10))
    if reviews:
        folded = len(reviews) > 10
        blocks.append(TableBlock("What an instructor should look at", ("student", "remark"), reviews, folded=folded))
    return Section("remarks", "Repaired, cut off, to look at", blocks or [TextBlock(_NOTHING)])


def by_kind(classroom: Classroom, part: str) -> dict[str, tuple[list[str], str]]:
    """For each kind of repair, or each cell cut off, its students and one of the texts; most students first."""
    groups = defaultdict[str, dict[str, str]](dict)
    for student in classroom.students:
        for kind, text in getattr(student, part):
            groups[printable(kind)].setdefault(student.id, printable(text))
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return {kind: (list(texts), next(iter(texts.values()))) for kind, texts in ordered}
