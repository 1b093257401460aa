"""Labs whose answers were all tried as they are now, the model answers beside them."""

from this_course import COURSE

from course.authoring.tried_runs import read_tried
from course.authoring.try_all_variants import digests_of
from course.authoring.try_variants import trials_of
from course.config import Lab

# One without TensorFlow and one with it: these are always run, whatever was tried.
ALWAYS = ("01_data_inspection", "05_lenet5_train_on_batch")
UNCHANGED = "nothing that it depends on has changed since `course variants` tried it"


def needs_run(lab: Lab) -> bool:
    """Whether a lab's solution is to be run: it is one of the two, or something has changed since it was tried."""
    if lab.name in ALWAYS:
        return True
    tried = read_tried(COURSE).get(lab.name, [])
    return not {*digests_of(COURSE, trials_of(COURSE, lab))} <= {*tried}
