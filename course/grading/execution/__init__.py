"""Running one submission: its cells in one kernel, its tests in another."""
