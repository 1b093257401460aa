"""What the course is: course.toml, read into declared types."""

from course import COURSE_FILE
from course.config.course import Course, Lab
from course.config.read_course import load_course

__all__ = ["COURSE_FILE", "Course", "Lab", "load_course"]
