"""A folder of files that a command keeps up to date, without touching what others have written there."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from course.errors import PublishError

# Beside the files: the SHA-256 of each as it was written, so that a change by others is noticed.
MANIFEST = ".published.json"
ABOUT = "`course publish` wrote these files, and may replace and delete them. SHA-256 by path."


class File(NamedTuple):
    """What a file holds, and whether it is a program."""

    content: bytes
    executable: bool = False


class Changes(NamedTuple):
    """Paths of the files that were written and deleted, and how many were up to date already."""

    written: list[str]
    removed: list[str]
    unchanged: int


def update_folder(folder: Path, files: Mapping[str, File]) -> Changes:
    """Write these files, by their paths in the folder, where they are not there already; delete earlier ones.

    Raises
    ------
    PublishError
        The folder holds files that were not written here, or one that was has been changed since. The message names
        every file. Nothing has been written.
    """
    checksums = read_manifest(folder)
    stale = sorted(set(checksums) - set(files))
    refuse_conflicts(folder, files, checksums, stale)
    changed = [path for path, file in files.items() if not is_up_to_date(folder / path, file)]
    for path in changed:
        write_content(folder / path, files[path])
    removed = [path for path in stale if remove_file(folder, path)]
    write_manifest(folder, files)
    return Changes(changed, removed, len(files) - len(changed))


def refuse_conflicts(folder: Path, files: Mapping[str, File], checksums: Mapping[str, str], stale: list[str]) -> None:
    """Raise `PublishError` if anything that would be replaced or deleted is not as `publish` wrote it."""
    if folder.exists() and not folder.is_dir():
        raise PublishError(f"{folder} is a file. Name a folder.")
    if not checksums and folder.is_dir():
        others = [path.name for path in sorted(folder.iterdir()) if path.name != ".git"]
        if others:
            raise PublishError(
                with_bullets(
                    f"{folder} holds files that `course publish` did not write. Name another folder, an empty one or a "
                    "clone of the students' repository; or delete them:",
                    others,
                )
            )
    problems = [
        f"{path} {reason}" for path in [*files, *stale] if (reason := conflict_reason(folder, path, files, checksums))
    ]
    if problems:
        raise PublishError(
            with_bullets(
                f"In {folder}, others have written what `course publish` would replace or delete. Make the change in "
                "the instructors' repository if it is to stay; then delete the file there and publish again:",
                problems,
            )
        )


def conflict_reason(folder: Path, path: str, files: Mapping[str, File], checksums: Mapping[str, str]) -> str | None:
    """Why a file must not be replaced or deleted, or None."""
    target = folder / path
    links = [
        ancestor for ancestor in (target, *target.parents) if ancestor.is_relative_to(folder) and ancestor.is_symlink()
    ]
    if links:
        return f"is or lies in a symbolic link, {links[0]}"
    if any(ancestor.exists() and not ancestor.is_dir() for ancestor in target.parents):
        return "has a file where its folder is to be"
    if not target.exists() or (path in files and target.is_file() and target.read_bytes() == files[path].content):
        return None
    if not target.is_file():
        return "is a folder"
    if path not in checksums:
        return "was not written by `course publish`"
    return (
        None
        if content_checksum(target.read_bytes()) == checksums[path]
        else "was changed since `course publish` wrote it"
    )


def read_manifest(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file that `publish` wrote into the folder, by path; empty if it has written none.

    Raises
    ------
    PublishError
        The list cannot be read, or names a file outside the folder or in `.git`.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    advice = "Restore it, by `git restore` if the folder is a repository."
    try:
        checksums = json.loads(path.read_text("utf-8"))["files"]
        if not all(isinstance(key, str) and isinstance(value, str) for key, value in checksums.items()):
            raise PublishError(f"{path} must hold one text for each file. {advice}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishError(f"{path} is not the list that `course publish` wrote ({error}). {advice}") from error
    for name in checksums:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or "\\" in name or {"..", ".git"} & {part.lower() for part in parts}:
            raise PublishError(f"{path} names {name!r}, which is no file of the students' edition. {advice}")
    return dict(checksums)


def write_manifest(folder: Path, files: Mapping[str, File]) -> None:
    """Record the checksums of what was written; the same files give the same bytes."""
    checksums = {path: content_checksum(file.content) for path, file in files.items()}
    text = json.dumps({"about": ABOUT, "files": checksums}, indent=1) + "\n"
    if not is_up_to_date(folder / MANIFEST, File(text.encode())):
        write_content(folder / MANIFEST, File(text.encode()))


def is_up_to_date(path: Path, file: File) -> bool:
    """Whether the file is there with this content, and executable if it must be."""
    return path.is_file() and path.read_bytes() == file.content and (not file.executable or is_executable(path))


def is_executable(path: Path) -> bool:
    """Whether its owner may run the file."""
    return bool(path.stat().st_mode & 0o100)


def write_content(path: Path, file: File) -> None:
    """Write a file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    if file.executable:
        path.chmod(path.stat().st_mode | 0o111)


def remove_file(folder: Path, path: str) -> bool:
    """Delete a file and the folders that are empty without it; whether it was there."""
    target = folder / path
    if not target.is_file():
        return False
    target.unlink()
    for ancestor in target.parents:
        if ancestor == folder or any(ancestor.iterdir()):
            break
        ancestor.rmdir()
    return True


def content_checksum(content: bytes) -> str:
    """The SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def with_bullets(text: str, lines: list[str]) -> str:
    """A message with a list of lines below it."""
    return "\n".join([text, *(f"  - {line}" for line in lines)])
