"""The judge of test cells: what runs in the kernel, and the grader's end (seal.py, canaries.py)."""
