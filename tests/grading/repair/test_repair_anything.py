"""Whatever is handed in is repaired or refused with a reason; no answer gets lost."""

import json
import random

import nbformat
import pytest
from solved_labs import answers_in, assert_sound, light, sources

from course.errors import SubmissionError
from course.grading.repair.read_notebook import read_notebook
from course.grading.repair.repair import repair
from course.inbox.notes import note_lines
from course.labs.sources import grade_id

pytestmark = pytest.mark.slow

WEIRD = [
    None,
    True,
    -1,
    4,
    1e308,
    "",
    "x",
    "\ud800",
    "\0",
    "a\r\nb",
    [],
    {},
    [[]],
    {"a": 1},
    ["a", "b"],
    [1, None],
    "code",
]


def grow(draw, value, depth=0):
    """The value with some parts exchanged, removed, doubled or shuffled."""
    if draw.random() < 0.02:
        return draw.choice(WEIRD)
    if isinstance(value, dict):
        kept = [item for item in value.items() if draw.random() > 0.02]
        return {key: grow(draw, part, depth + 1) for key, part in kept}
    if isinstance(value, list) and depth < 4:
        parts = [grow(draw, part, depth + 1) for part in value if draw.random() > 0.02]
        parts += draw.sample(parts, min(len(parts), draw.randrange(2)))
        if draw.random() < 0.1:
            draw.shuffle(parts)
        return parts
    return value


def noisy(draw, data):
    """The bytes with a few of them exchanged, inserted, cut out or cut off."""
    data = bytearray(data)
    for _ in range(draw.randrange(1, 6)):
        at, length = draw.randrange(len(data)), draw.randrange(1, 200)
        match draw.randrange(5):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                data[at:at] = draw.randbytes(length)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[max(0, at - length) : at]
            case _:
                data[at:] = data[at : at + draw.choice([0, len(data)])]
    return bytes(data) or b" "


def answers_of(submitted, released):
    """What stands in the cells that are marked as answers."""
    ids = set(answers_in(released))
    return {cell.source for cell in submitted.cells if grade_id(cell) in ids}


@pytest.mark.parametrize("kind", ["structure", "bytes"])
def test_anything_is_either_mended_or_refused_with_a_reason(kind):
    draw = random.Random(kind)
    solved, released = light()
    original = json.dumps(solved)
    outcomes = []
    for _ in range(200):
        data = json.dumps(grow(draw, json.loads(original))) if kind == "structure" else noisy(draw, original.encode())
        try:
            submitted, notes = read_notebook(data.encode() if isinstance(data, str) else data, "lab.ipynb")
        except SubmissionError as error:
            assert len(str(error).splitlines()) == 1
            outcomes.append("refused")
            continue
        nbformat.validate(submitted)
        result = repair(submitted, released)
        assert_sound(result.notebook, released)
        assert answers_of(submitted, released) <= set(sources(result.notebook)), "no answer is lost"
        nbformat.writes(result.notebook).encode("utf-8")
        "\n".join(note_lines([*notes, *result.notes])).encode("utf-8")
        outcomes.append("mended")
    assert outcomes.count("mended") > 20
    assert "refused" in outcomes
