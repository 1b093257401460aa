"""What an instructor runs: building, checking and grading the labs. The command is `course`."""
