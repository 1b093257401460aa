"""How fast labs run and classes are graded, and how much memory that takes: `python -m benchmarks`."""
