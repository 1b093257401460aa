"""The page of benchmarks."""

import json

from benchmarks.page import page
from benchmarks.run_all import TENSORBOARD_OFF


def test_the_page_is_made_from_what_is_kept(course):
    measured = json.loads(course.measurements.read_text("utf-8"))
    assert course.measurements.with_suffix(".md").read_text("utf-8") == page(measured), "run `make bench`"


def test_tensorboard_is_switched_on_by_the_line_that_lab_8_has(course):
    having = [lab.name for lab in course.labs if TENSORBOARD_OFF in course.source(lab).read_text("utf-8")]
    assert having == ["08_tensorboard"]


def test_ratios_and_steps():
    stages = {"start": 0.5, "cells": 2.0}
    throughput = [
        {"what": "plain", "seconds": 100.0, "stages": {}},
        {"what": "ours", "seconds": 40.0, "stages": stages},
    ]
    few = [{"graded": 200, "seconds": 300.0, "main_mib": 160.0, "main_seconds": 8.0}]
    many = [
        {"graded": 1, "seconds": 5.0, "main_mib": 200.0, "main_seconds": 0.6},
        {"graded": 1051, "seconds": 2105.0, "main_mib": 201.4, "main_seconds": 52.55},
        {"graded": 1051, "seconds": 2111.0, "main_mib": 203.0, "main_seconds": 53.6},
    ]
    row = {"workers": 16, "submissions": 320, "seconds": 50.0, "main_seconds": 12.8, "ideal": 46.0, "simulated": True}
    corpus = [{"family": "cheat", "by": "course grade", "what": "right", "count": 7}]
    used = {"side": "kernel of the tests", "resident_mib": 401.6, "own_mib": 52.2}
    measured = {
        "machine": "M",
        "throughput": {"lab": "05_x", "students": 12, "ways": throughput, "overhead": 0.061, "memory": [used]},
        "classes": {
            "1051": {"lab": "01_y", "reached": many, "again_seconds": 2.94, "kills": 2},
            "200": {"lab": "01_y", "reached": few, "again_seconds": 1.3, "kills": 0},
        },
        "workers": {"lab": "01_y", "rows": [row]},
        "corpus": corpus,
    }
    text = page(measured)
    assert "| plain | 100 | 1.0 |  |  |" in text and "| ours | 40 | 2.5 | 0.50 | 2.00 |" in text
    assert "| kernel of the tests | 402 | 52 |" in text
    assert "are 6% of a submission" in text and "| 1051 | 2105 | 2.00 | 201 | 0.050 |" in text
    assert "| 1051 | 2111 |  | 203 | 0.051 |" in text
    small, large = text.split("### 1,051 submissions of 01_y")
    assert "### 200 submissions of 01_y" in small and "killed" not in small
    assert "2 worker processes were killed amid it." in large
    assert "| 16 | sleep | 320 | 50.0 | 6.40 | 0.92 | 0.040 |" in text and "takes 2.30 s if it runs alone" in text
    assert "Graded once more, with nothing changed: 2.9 seconds" in text
    assert "| cheat | course grade | 7 | 0 | 0 | 0 |" in text and "Run All" not in text
