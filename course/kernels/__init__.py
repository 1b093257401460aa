"""Kernels that have already done a lab's imports when they start."""
