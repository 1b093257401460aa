"""What a class did, as pages to look at: read from the gradebook and the kept verdicts, of which nothing is changed."""
