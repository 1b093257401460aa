"""What an instructor runs: building, checking and grading the labs. The command is `course`."""

import sys

COURSE_FILE = "course.toml"  # lies in the top folder of the instructors' repository

# jsonschema, if it finds this package, builds a parser for internationalised addresses as soon as it is imported: 1.5 s
# of every start of a command and of a worker, for a check that no notebook needs. None means: not found.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
