"""Submission archives as Canvas and Moodle make them, and what a test needs to see that nothing else was touched."""

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

MADE = datetime(2026, 3, 2, 12, 0, 0)  # when the system made the archive
PLAIN = zipfile.ZIP_DEFLATED


def notebook(text: str = "hello") -> bytes:
    cells = [{"cell_type": "markdown", "id": "one", "metadata": {}, "source": text}]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def entry(name: str, time: datetime = MADE, mode: int = 0o100644, method: int = PLAIN) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x", time.timetuple()[:6])
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    info.compress_type = method
    return info


def pack(path: Path, *files: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    """A zip file of these names and contents, in this order; a name may occur twice."""
    with zipfile.ZipFile(path, "w", PLAIN) as archive:
        for name, content in files:
            info = name if isinstance(name, zipfile.ZipInfo) else entry(name)
            archive.writestr(info, content, info.compress_type)
    return path


def nested() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry("01_data_inspection.ipynb"), notebook())
    return buffer.getvalue()


def everything(folder: Path) -> dict[str, tuple[str, bytes]]:
    """All paths below a folder with their kinds and contents; links are not followed."""
    found = {}
    for path in folder.rglob("*"):
        kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
        content = path.read_bytes() if kind == "file" else str(path.readlink()).encode() if kind == "link" else b""
        found[str(path.relative_to(folder))] = (kind, content)
    return found


def submitted(folder: Path, lab: str) -> dict[str, bytes]:
    """The notebook of each student."""
    return {path.parts[-3]: path.read_bytes() for path in folder.glob(f"submitted/*/{lab}/{lab}.ipynb")}
