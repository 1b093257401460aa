"""How good the labs' tests are: docs/assessment-quality.json, from mutants and seeds that were tried, and its page."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.assessment_counts import MutantCounts, SeedCounts
from benchmarks.assessment_page import page
from benchmarks.margins import Comparison
from course.config import Course
from course.text.files import text_if_any, write_text

Kept = dict[str, dict[str, Any]]  # by kind and lab


def place(course: Course) -> Path:
    """Where results are kept; the page lies beside it."""
    return course.root / "docs" / "assessment-quality.json"


def read(course: Course) -> tuple[dict[str, MutantCounts], dict[str, SeedCounts]]:
    """What is kept, by lab."""
    kept: Kept = json.loads(text_if_any(place(course)) or "{}")
    mutants = {name: MutantCounts(**counts) for name, counts in kept.get("mutants", {}).items()}
    return mutants, {name: _seed_counts(counts) for name, counts in kept.get("seeds", {}).items()}


def _seed_counts(kept: dict[str, Any]) -> SeedCounts:
    return SeedCounts(**kept | {"nearest": [Comparison(**entry) for entry in kept["nearest"]]})


def save(
    course: Course, mutants: Mapping[str, MutantCounts] | None = None, seeds: Mapping[str, SeedCounts] | None = None
) -> Path:
    """Keep results of labs of the course, those that were not measured now as they were; return the page."""
    names, (old_mutants, old_seeds) = {lab.name for lab in course.labs}, read(course)
    merged: dict[str, Mapping[str, MutantCounts | SeedCounts]] = {
        "mutants": old_mutants | dict(mutants or {}),
        "seeds": old_seeds | dict(seeds or {}),
    }
    kept: Kept = {
        kind: {name: asdict(counts) for name, counts in by_lab.items() if name in names}
        for kind, by_lab in merged.items()
    }
    write_text(place(course), json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    return write_text(place(course).with_suffix(".md"), page(*read(course)))
