"""The corpus as made from the light lab, with limits that greedy submissions meet soon."""

from dataclasses import replace

from corpus.making import material
from light import light_course

from course.limits import Limits

COURSE = light_course()
LIGHT = replace(COURSE.labs[0], limits=Limits(cell_seconds=8, submission_seconds=60, scratch_mib=64, output_kib=256))
MADE = material(COURSE, LIGHT)
