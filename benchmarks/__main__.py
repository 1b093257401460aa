"""The commands of `make bench`, each of which writes its part of docs/benchmarks.md: `python -m benchmarks VERB`."""

import os
from typing import Annotated

import typer
from rich.markdown import Markdown

from benchmarks import assessment, grading, run_all, similarity
from benchmarks.memory import memory
from benchmarks.page import class_section, large_class_section, similarity_section
from course.authoring.seeds import try_seeds
from course.authoring.try_mutants import mutants_of_lab, try_mutants
from course.cli.terminal import Labs, console, error_console, log_to_file, new_app, progress_bar, run_app
from course.config import load_course
from course.labs.prepare import prepare_lab
from course.labs.variants import read_variants, variants_file

app = new_app()


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
    lab: Annotated[str, typer.Option(help="For the comparison with plain nbgrader.")] = "05_lenet5_train_on_batch",
    many: Annotated[str, typer.Option(help="For the large class.")] = "01_data_inspection",
) -> None:
    """Measure how fast a class is graded, against plain nbgrader, and whether time and memory stay even."""
    course = load_course()
    heavy, light = course.lab(lab), course.lab(many)
    with log_to_file(course.root, "bench-grading"), error_console.status("measuring") as status:
        timed = grading.throughput(course, heavy, status.update)
        values = grading.throughput_values(heavy, timed, memory(course, heavy))
        run_all.save_part(course, "throughput", values)  # at once: what follows takes long
        console.print(Markdown("\n".join(class_section(values))))
        reached, again_seconds = grading.large_class(course, light, status.update)
    values = grading.large_class_values(light, reached, again_seconds)
    page = run_all.save_part(course, "many", values)
    console.print(Markdown("\n".join(large_class_section(values))))
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
            counts = assessment.mutant_counts(try_mutants(course, lab, progress, "", sample, seed), of, answers)
            assessment.save(course, mutants={lab.name: counts})
    console.print(f"wrote {assessment.save(course).relative_to(course.root)}", highlight=False)


@app.command("seeds")
def measure_seeds(
    labs: Labs = None, count: Annotated[int, typer.Option(min=1, help="How many seeds to try.")] = 30
) -> None:
    """Run the model answers with several seeds, and count the tests that fail by bad luck; takes hours for all."""
    course = load_course()
    with log_to_file(course.root, "bench-seeds"), progress_bar("runs") as progress:
        for lab in course.choose(labs):
            failures = try_seeds(course, [lab], range(101, 101 + count), progress)
            assessment.save(course, seeds={lab.name: assessment.seed_counts(count, failures)})
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
