"""From the bytes that were handed in to a notebook that can be graded."""
