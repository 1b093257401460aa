"""How good the labs' tests are: docs/assessment-quality.json, from mutants and seeds that were tried, and its page."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.assessment_counts import GradingTime, Kept, Minutes, MistakeCounts, MutantCounts, SeedCounts
from benchmarks.assessment_page import page
from benchmarks.margins import Comparison
from course.config import Course
from course.text.files import text_if_any, write_text


def place(course: Course) -> Path:
    """Where results are kept; the page lies beside it."""
    return course.root / "docs" / "assessment-quality.json"


def read(course: Course) -> Kept:
    """What is kept."""
    kept: dict[str, dict[str, dict[str, Any]]] = json.loads(text_if_any(place(course)) or "{}")
    return Kept(
        {name: MutantCounts(**counts) for name, counts in kept.get("mutants", {}).items()},
        {name: _seed_counts(**counts) for name, counts in kept.get("seeds", {}).items()},
        {name: Minutes(**values) for name, values in kept.get("minutes", {}).items()},
        {name: GradingTime(**values) for name, values in kept.get("grading", {}).items()},
        {name: MistakeCounts(**counts) for name, counts in kept.get("mistakes", {}).items()},
    )


def _seed_counts(nearest: list[dict[str, Any]] | None = None, **counts: Any) -> SeedCounts:
    return SeedCounts(**counts, nearest=None if nearest is None else [Comparison(**entry) for entry in nearest])


def save(course: Course, new: Kept | None = None) -> Path:
    """Keep results of labs of the course, those that were not measured now as they were; return the page."""
    kept = read(course).updated(new or Kept(), {lab.name for lab in course.labs})
    write_text(place(course), json.dumps(asdict(kept), indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    return write_text(place(course).with_suffix(".md"), page(kept))
