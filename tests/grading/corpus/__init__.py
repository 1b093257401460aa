"""Submissions of every kind, made from a solved notebook of any lab; what must come of each is declared beside it."""

from corpus import abuse, cheats, damaged, honest
from corpus.material import CASES, Case, Material

__all__ = ["CASES", "Case", "Material", "abuse", "cheats", "damaged", "honest"]
