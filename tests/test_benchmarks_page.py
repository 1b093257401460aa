"""The page of benchmarks."""

import json

from benchmarks.page import page


def test_the_page_is_made_from_what_is_kept(course):
    measured = json.loads(course.measurements.read_text("utf-8"))
    assert course.measurements.with_suffix(".md").read_text("utf-8") == page(measured), "run `make bench`"


def test_ratios_and_steps():
    stages = {"start": 0.5, "cells": 2.0}
    throughput = [
        {"what": "plain", "seconds": 100.0, "stages": {}},
        {"what": "ours", "seconds": 40.0, "stages": stages},
    ]
    many = [{"graded": 1, "seconds": 5.0, "main_mib": 200.0}, {"graded": 51, "seconds": 105.0, "main_mib": 201.4}]
    corpus = [{"family": "cheat", "by": "course grade", "what": "right", "count": 7}]
    used = {"side": "kernel of the tests", "resident_mib": 401.6, "own_mib": 52.2}
    measured = {
        "machine": "M",
        "throughput": {"lab": "05_x", "students": 12, "ways": throughput, "overhead": 0.061, "memory": [used]},
        "many": {"lab": "01_y", "reached": many, "again_seconds": 2.94},
        "corpus": corpus,
    }
    text = page(measured)
    assert "| plain | 100 | 1.0 |  |  |" in text and "| ours | 40 | 2.5 | 0.50 | 2.00 |" in text
    assert "| kernel of the tests | 402 | 52 |" in text
    assert "are 6% of a submission" in text and "| 51 | 105 | 2.00 | 201 |" in text
    assert "Graded once more, with nothing changed: 2.9 seconds" in text
    assert "| cheat | course grade | 7 | 0 | 0 | 0 |" in text and "Run All" not in text
