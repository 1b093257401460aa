"""The addresses of the students' edition: what badges, the set-up cell and instructors' announcements link to."""

from urllib.parse import quote, urlencode

from course.config import Course, Lab

INDEX = "labs/README.md"


def lab_path(lab: Lab) -> str:
    """Where a lab lies in the students' edition."""
    return f"labs/{lab.name}/{lab.name}.ipynb"


def links(course: Course, path: str) -> dict[str, str]:
    """The addresses that open one file of the students' edition, by the name of the place.

    nbgitpuller is among them if course.toml names a hub. Colab has no page for Markdown; there the index is Colab's own
    list of the labs.
    """
    addresses = {"GitHub": f"{home(course)}/blob/{course.repositories.ref}/{path}"}
    addresses |= {"Colab": colab(course, path), "Binder": binder(course, path)}
    if course.repositories.hub:
        addresses["nbgitpuller"] = nbgitpuller(course.repositories.hub, course, path)
    return addresses


def home(course: Course) -> str:
    """The students' repository on GitHub."""
    return f"https://github.com/{course.repositories.students}"


def archive(course: Course) -> str:
    """All of the students' edition as one file, which pip installs from without Git."""
    return f"{home(course)}/archive/{course.repositories.ref}.zip"


def colab(course: Course, path: str) -> str:
    """A notebook in Colab, or for any other file Colab's list of the notebooks."""
    file_path = f"/{path}" if path.endswith(".ipynb") else ""
    repositories = course.repositories
    return f"https://colab.research.google.com/github/{repositories.students}/blob/{repositories.ref}{file_path}"


def binder(course: Course, path: str) -> str:
    """A file in JupyterLab on Binder."""
    repositories = course.repositories
    return f"https://mybinder.org/v2/gh/{repositories.students}/{repositories.ref}?urlpath=lab/tree/{path}"


def nbgitpuller(hub: str, course: Course, path: str) -> str:
    """A file in JupyterLab on a hub, where nbgitpuller first clones the edition or brings it up to date."""
    folder = course.repositories.students.split("/")[1]
    query = {"repo": home(course), "branch": course.repositories.ref, "urlpath": f"lab/tree/{folder}/{path}"}
    return f"{hub}/hub/user-redirect/git-pull?{urlencode(query, quote_via=quote, safe='')}"


def listing(course: Course) -> str:
    """All addresses to give out, of the list of labs and of each lab, one a line."""
    pages = {"The list of labs": INDEX} | {lab.name: lab_path(lab) for lab in course.labs}
    parts = [f"Links for students, to {home(course)} at {course.repositories.ref}:"]
    for title, path in pages.items():
        parts.append("\n".join([title, *(f"  {site:11} {address}" for site, address in links(course, path).items())]))
    if not course.repositories.hub:
        parts.append("For links that open the labs on your JupyterHub (nbgitpuller), name it as `hub` in course.toml.")
    return "\n\n".join(parts)
