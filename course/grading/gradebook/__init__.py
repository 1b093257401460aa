"""What is kept of a submission: verdicts, scores, marks and penalties."""
