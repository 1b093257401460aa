"""Marking by hand in nbgrader's Formgrader, and grading by plain nbgrader."""
