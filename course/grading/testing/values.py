"""All kinds of values that both sides write and read."""

from course.grading.testing import arrays, model_reading, models, python_values, tables
from course.grading.testing.codec import Reader, Writer

WRITERS: tuple[Writer, ...] = (
    arrays.write_arrays,
    python_values.write_python,
    tables.write_tables,
    models.write_models,
)
READERS: dict[str, Reader] = {
    **python_values.READERS,
    **arrays.READERS,
    **tables.READERS,
    **model_reading.READERS,
}
