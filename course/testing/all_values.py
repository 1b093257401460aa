"""All kinds of values that both sides write and read."""

from course.testing import model_reading, model_writing, numpy_values, pandas_values, python_values
from course.testing.codec import Reader, Writer

WRITERS: tuple[Writer, ...] = (
    numpy_values.write_arrays,
    python_values.write_python,
    pandas_values.write_tables,
    model_writing.write_models,
)
READERS: dict[str, Reader] = {
    **python_values.PYTHON_READERS,
    **numpy_values.NUMPY_READERS,
    **pandas_values.PANDAS_READERS,
    **model_reading.MODEL_READERS,
}
