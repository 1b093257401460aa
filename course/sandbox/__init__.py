"""Running a kernel where it can do no harm."""
