"""How nbgrader strips, grades and reports this course; read by the command line, Formgrader and `course`."""

from pathlib import Path

from course.config import load_course
from course.nbgrader_api import tools_on_path

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# The course that this file belongs to, wherever nbgrader is called from and whatever link led here.
course = load_course(Path(__file__).resolve().parent)
tools_on_path()
# JupyterLab's Validate says what it says to students.
load_subconfig("nbgrader_config.py", path=str(course.root / "students"))  # type: ignore[name-defined]  # noqa: F821
c.CourseDirectory.root = str(course.root)
c.CourseDirectory.course_id = course.id
c.CourseDirectory.source_directory = course.source_directory
c.CourseDirectory.release_directory = course.release_directory
# The text sources of the labs lie beside the notebooks; without this line nbgrader would hand them out.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py", "*.keras", "jupytext.toml"]

c.ClearSolutions.code_stub = {
    "python": '# YOUR CODE HERE\nraise NotImplementedError("Not done yet: replace these two lines by your answer.")'
}

# A warning on stderr is not a wrong answer; without these two lines nbgrader scores it 0.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"[\s\S]*"
# A test cell that a student deleted is put back.
c.OverwriteCells.add_missing_cells = True
# Submissions run in a sandbox, and their tests in another (course/sandbox/), from the command line and from
# Formgrader too. These are nbgrader's own steps with another one to begin with.
c.Autograde.autograde_preprocessors = [
    "course.grading.marking.autograde_notice.SayWhatIsMissing",
    "course.grading.marking.sandboxed_execute.SandboxedExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# What late work loses is said in course.toml.
c.AssignLatePenalties.plugin_class = "course.grading.gradebook.late_plugin.CourseLatePenalty"
c.CourseLatePenalty.rules = {lab.name: lab.late for lab in course.labs}
c.SandboxedExecute.course_root = str(course.root)
c.Execute.timeout = course.limits.cell_seconds

# Feedback goes back through nbgrader's exchange to those who handed in through it.
c.ExchangeFactory.release_feedback = "course.grading.exchange.ReleaseFeedback"

# The page that students get (course/grading/feedback/), the same from `course grade`, the command line and Formgrader.
# It shows their own work, never the source of a hidden test; of a progress bar, only its last state.
c.GenerateFeedback.exporter_class = "course.grading.feedback.page_exporter.FeedbackPage"
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "course.grading.feedback.add_summary.AddSummary",
    "course.grading.feedback.redact.HideHiddenTests",
    "course.grading.feedback.choose_outputs.ChooseOutputs",
    "course.grading.feedback.redact.Shorten",  # after these: a hidden test that is cut is no longer found
    "nbconvert.preprocessors.CoalesceStreamsPreprocessor",
]
c.CoalesceStreamsPreprocessor.enabled = True
# On pages of Formgrader, too; the feedback page is an HTMLExporter as well.
c.HTMLExporter.preprocessors = ["course.grading.feedback.attachments.FindPictures"]
