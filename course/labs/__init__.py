"""A lab from its source: read, checked, stamped with what course.toml says, and stripped for students."""
