"""From a folder of submissions to grades and feedback."""
