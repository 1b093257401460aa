"""The commands of `make bench`, each of which writes its part of docs/benchmarks.md: `python -m benchmarks VERB`."""

import os
from typing import Annotated

import typer
from rich.markdown import Markdown

from benchmarks import assessment, assessment_counts, grading, more_workers, run_all, similarity
from benchmarks.assessment_counts import Kept
from benchmarks.memory import memory
from benchmarks.page import class_section, large_class_section, similarity_section, workers_section
from course.authoring.tried_runs import notebook_digest
from course.authoring.try_all_variants import try_all
from course.authoring.try_mutants import mutants_of_lab, try_mutants
from course.cli.terminal import Labs, console, error_console, log_to_file, new_app, progress_bar, run_app
from course.config import load_course
from course.labs.prepare import prepare_lab
from course.labs.variants import read_variants, variants_file

app = new_app()
LIGHT_LAB = "01_data_inspection"


@app.command()
def labs(labs: Labs = None) -> None:
    """Measure "Run All" of each solution: time and peak memory; kept for the labs' headers."""
    course = load_course()
    with log_to_file(course.root, "bench-labs"), progress_bar("cells") as progress:
        measured = run_all.measure(course, course.choose(labs), progress)
    console.print(run_all.table(measured))
    console.print(f"wrote {run_all.save(course, measured).relative_to(course.root)}", highlight=False)


@app.command("grading")
def measure_grading(
    lab: Annotated[str, typer.Option(help="Whose solution is graded.")] = "05_lenet5_train_on_batch",
) -> None:
    """Measure how fast a class is graded, against plain nbgrader."""
    course = load_course()
    heavy = course.lab(lab)
    with log_to_file(course.root, "bench-grading"), error_console.status("measuring") as status:
        timed = grading.throughput(course, heavy, status.update)
        values = grading.throughput_values(heavy, timed, memory(course, heavy))
    page = run_all.save_part(course, "throughput", values)
    console.print(Markdown("\n".join(class_section(values))))
    console.print(f"wrote {page.relative_to(course.root)}", highlight=False)


@app.command()
def large(
    lab: Annotated[str, typer.Option(help="Whose solution is graded.")] = LIGHT_LAB,
    count: Annotated[int, typer.Option(min=1, help="Submissions in the class.")] = grading.MANY,
    kills: Annotated[int, typer.Option(min=0, help="Worker processes to kill amid it.")] = 0,
    scheduler: Annotated[str | None, typer.Option(help="A Dask cluster to use; then only shown.")] = None,
) -> None:
    """Measure whether time and memory stay even while a large class is graded, and what the main process needs."""
    course = load_course()
    light = course.lab(lab)
    with log_to_file(course.root, "bench-large"), error_console.status("measuring") as status:
        reached, again_seconds = grading.large_class(course, light, status.update, count, kills, scheduler)
    values = grading.large_class_values(light, reached, again_seconds, kills)
    console.print(Markdown("\n".join(large_class_section(values))))
    if scheduler is None:
        page = run_all.save_entries(course, "classes", {str(count): values})
        console.print(f"wrote {page.relative_to(course.root)}", highlight=False)


@app.command("workers")
def measure_workers(lab: Annotated[str, typer.Option(help="Whose solution is graded.")] = LIGHT_LAB) -> None:
    """Measure how throughput grows with the workers, also with more than there are cores, by a simulation."""
    course = load_course()
    light = course.lab(lab)
    with log_to_file(course.root, "bench-workers"), error_console.status("measuring") as status:
        values = more_workers.values(light, more_workers.measure(course, light, status.update))
    page = run_all.save_part(course, "workers", values)
    console.print(Markdown("\n".join(workers_section(values))))
    console.print(f"wrote {page.relative_to(course.root)}", highlight=False)


@app.command()
def mutants(
    labs: Labs = None,
    sample: Annotated[int, typer.Option(min=0, help="How many to draw from each lab; 0 tries all.")] = 0,
    seed: Annotated[int, typer.Option(help="By which they are drawn.")] = 0,
) -> None:
    """Change each model answer a little, and count how many of these mutants the tests catch; half an hour for all."""
    course = load_course()
    with log_to_file(course.root, "bench-mutants"), progress_bar("mutants") as progress:
        for lab in course.choose(labs):
            notebook = prepare_lab(course, lab)
            of, answers = len(mutants_of_lab(notebook)), read_variants(variants_file(course, lab), notebook)
            tried = try_mutants(course, lab, progress, "", sample, seed)
            counts = assessment_counts.mutant_counts(tried, of, answers, notebook_digest(notebook))
            assessment.save(course, Kept(mutants={lab.name: counts}))
    console.print(f"wrote {assessment.save(course).relative_to(course.root)}", highlight=False)


@app.command()
def mistakes(labs: Labs = None) -> None:
    """Try all declared answers again, and count how the tests of the wrong ones end; half an hour for all."""
    course = load_course()
    with log_to_file(course.root, "bench-mistakes"), progress_bar("runs") as progress:
        code = {lab.name: assessment_counts.lab_code(course, lab) for lab in course.choose(labs)}
        tried = try_all(course, course.choose(labs), progress, again=True)
    for text in tried.problems:
        console.print(f"- {text}", highlight=False, markup=False)
    page = assessment.save(course, Kept(mistakes=assessment_counts.mistake_counts(tried.mistakes, code)))
    console.print(f"wrote {page.relative_to(course.root)}", highlight=False)
    raise typer.Exit(bool(tried.problems))


@app.command("seeds")
def measure_seeds(
    labs: Labs = None, count: Annotated[int, typer.Option(min=1, help="How many seeds to try.")] = 30
) -> None:
    """Run the model answers with several seeds, and count the tests that fail by bad luck; an hour for all."""
    course = load_course()
    with log_to_file(course.root, "bench-seeds"), progress_bar("runs") as progress:
        for lab in course.choose(labs):
            counts = assessment_counts.measure_seeds(course, lab, count, progress)
            assessment.save(course, Kept(seeds={lab.name: counts}))
    console.print(f"wrote {assessment.save(course).relative_to(course.root)}", highlight=False)


@app.command()
def minutes(labs: Labs = None) -> None:
    """Estimate from its words, code and tasks how long each lab takes a student, beside what it is planned for."""
    course = load_course()
    estimates = {lab.name: assessment_counts.lab_minutes(course, lab) for lab in course.choose(labs)}
    console.print(f"wrote {assessment.save(course, Kept(minutes=estimates)).relative_to(course.root)}", highlight=False)


@app.command()
def seconds(labs: Labs = None) -> None:
    """Grade a class of solved submissions of each lab: how long one takes; a quarter of an hour for all."""
    course = load_course()
    with log_to_file(course.root, "bench-seconds"), error_console.status("measuring") as status:
        for lab in course.choose(labs):
            status.update(lab.name)
            assessment.save(course, Kept(grading={lab.name: assessment_counts.measure_grading(course, lab)}))
    console.print(f"wrote {assessment.save(course).relative_to(course.root)}", highlight=False)


@app.command()
def similar(labs: Labs = None) -> None:
    """Count how many copied pairs `course similar` finds in made classes, and how many pairs that are none."""
    course = load_course()
    with log_to_file(course.root, "bench-similar"), error_console.status("measuring") as status:
        rows = similarity.measure(course, course.choose(labs), status.update)
    console.print(Markdown("\n".join(similarity_section(rows))))
    if labs is None:
        page = run_all.save_part(course, "similar", rows)
        console.print(f"wrote {page.relative_to(course.root)}", highlight=False)


@app.command()
def correctness() -> None:
    """Count how many odd, broken, greedy and cheating submissions get what they earned, here and by plain nbgrader."""
    from benchmarks.correctness import measure

    measure()


if __name__ == "__main__":
    os.environ.setdefault("MNIST_SOURCE", "bundled")
    run_app(app)
