"""The published figures beside those of the labs: `python -m reproduction`."""
