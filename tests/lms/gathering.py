"""Collecting one archive for a test, with a look at what else changed."""

from pathlib import Path

from lms_archives import everything, notebook, pack
from this_course import COURSE

from course.lms.collect import Collected, collect
from course.lms.collect_one import Row

LAB = COURSE.labs[0]
NAME = LAB.name
ADA = (f"lovelaceada_11_901_{NAME}.ipynb", notebook("Ada's"))
ZOE = (f"zimmerzoë_99_999_{NAME}.ipynb", notebook("Zoë's"))
EVE = f"eve_5_77_{NAME}.ipynb"
GOOD = {"11": ADA[1], "99": ZOE[1]}


class Gathered:
    """What was collected, with the rows by student and all remarks as one text."""

    def __init__(self, found: Collected):
        self.system, self.any_read = found.system, found.any_read
        self.rows: dict[str, Row] = {row.student: row for row in found.rows}
        self.text = "\n".join([*found.remarks, *(remark for row in found.rows for remark in row.remarks)])


def gather(folder: Path, *files, **options) -> Gathered:
    """Collect an archive of these files; whatever becomes of it, nothing else changes and nothing gets lost."""
    path = folder.parent.parent / "download.zip"
    if files:
        pack(path, *files)
    before = everything(folder.parent)
    try:
        found = collect(LAB, folder, path, **options)
    finally:
        after = everything(folder.parent)
        assert not_ours(after) == not_ours(before)
        contents = [content for _, content in after.values()]
        lost = [name for name, (_, content) in before.items() if content not in contents]
        assert [name for name in lost if not name.endswith("collected.json")] == []
        assert not [name for name, (kind, _) in after.items() if kind == "link"]
        assert not [name for name in after if ".collecting" in name or name.endswith(".draft")]
    return Gathered(found)


def not_ours(files: dict) -> dict:
    return {name: what for name, what in files.items() if not name.startswith(("class/submitted", "class/downloaded"))}


def aside(folder: Path, student: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob(f"downloaded/{NAME}/collected/{student}/aside/*")}
