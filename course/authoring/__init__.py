"""From the text sources of the labs to what students get."""
