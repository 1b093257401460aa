"""Right answers of many habits pass beside their tests, as they would in one process."""

import pytest
from corpus.habits import HABITS, KERAS
from pairing import IMPORTS, judged

WITH_KERAS = f"{IMPORTS}\nimport keras\nimport tensorflow as tf"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch):
    """The folder for temporary files is set while tests run; here it is put back."""
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_costs_nothing(tmp_path, habit):
    verdict = judged(tmp_path, *HABITS[habit])
    assert verdict["passed"], verdict


@pytest.mark.slow
@pytest.mark.parametrize("habit", KERAS)
def test_a_habit_with_keras_costs_nothing(tmp_path, habit):
    verdict = judged(tmp_path, *KERAS[habit], imports=WITH_KERAS)
    assert verdict["passed"], verdict
