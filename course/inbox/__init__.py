"""What was handed in, where it lies, and whose it is."""
