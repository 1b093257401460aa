"""Kernels that have a lab's imports behind them when they start."""
