from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    cell_seconds: float = 300
    submission_seconds: float = 1200
    output_kib: int = 1024
