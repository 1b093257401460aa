"""Many submissions at once, on this machine or on others."""
