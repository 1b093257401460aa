"""Pairs of students whose answers are alike beyond what the task explains, as a page; nothing is run."""
