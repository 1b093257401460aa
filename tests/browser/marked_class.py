"""A class of four of the light lab: good, with mistakes, with tricks, and a file of which half is missing."""

import nbformat
from light import light_course

from course.grading.demo import fill_in, hand_in, model_answers, submission_path
from course.labs.editions import as_built
from course.labs.sources import grade_id, is_written

COURSE = light_course()
LAB = COURSE.labs[0]
SOURCE = as_built(COURSE, LAB)
WRITTEN = grade_id(next(cell for cell in SOURCE.cells if is_written(cell)))
WRITES = "ran.txt"
# What a submission would do if it could: with the marker's rights, write a file into the folder of the class.
SCRIPT = (
    f"fetch('/api/contents/{WRITES}', {{method: 'PUT', body: JSON.stringify({{type: 'file', format: 'text', "
    "content: 'ran'}), headers: {'X-XSRFToken': document.cookie.match('_xsrf=([^;]*)')[1]}})"
)
MARKUP = (
    f'<script>{SCRIPT}</script><img src="missing.png" onerror="{SCRIPT}">'
    f'<img src="https://elsewhere.example/seen.png"><iframe srcdoc="<script>parent.{SCRIPT}</script>"></iframe>'
)
SHOWN = "All twenty were measured on one test set."
SHOWS = f"""from IPython.display import HTML, Javascript, Markdown, display
display(HTML({MARKUP!r}), Markdown({MARKUP!r}), Javascript({SCRIPT!r}))"""
ROSTER = "id,name\nada,Ada Martin\nben,Ben Okafor\nkim,Kim Lee\nfinn,Finn Berg\n"


def hand_in_class(folder):
    """Write what the four hand in, and the roster of their names."""
    blank = nbformat.read(COURSE.released(LAB), as_version=4)
    model = model_answers(SOURCE)
    hand_in(folder, LAB, "ada", fill_in(blank, model))
    others = {name: text for name, text in model.items() if name != "class-counts"}  # is not attempted
    mistaken = model["describe-problem"].replace("int(np.prod(image_shape))", "images.size")
    assert mistaken != model["describe-problem"]
    hand_in(folder, LAB, "ben", fill_in(blank, {**others, "describe-problem": mistaken, WRITTEN: SHOWN}))
    tricks = fill_in(blank, {**model, WRITTEN: f"{SHOWN}\n\n{MARKUP}"})
    tricks.cells.append(nbformat.v4.new_code_cell(SHOWS))
    hand_in(folder, LAB, "kim", tricks)
    whole = nbformat.writes(fill_in(blank, model))
    hand_in(folder, LAB, "finn", blank)
    submission_path(folder, LAB, "finn").write_text(whole[: len(whole) // 2], "utf-8")
    (folder / "students.csv").write_text(ROSTER, "utf-8")
