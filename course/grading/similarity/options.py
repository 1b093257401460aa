"""Options of a comparison; imports nothing heavy, so that the command line starts fast."""

from dataclasses import dataclass

MOST_PAIRS = 20


@dataclass(frozen=True)
class SimilarityOptions:
    """How to show pairs: how many at most on the page, and whether students get pseudonyms."""

    most_pairs: int = MOST_PAIRS
    pseudonyms: bool = False
