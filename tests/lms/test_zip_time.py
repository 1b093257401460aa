"""When something was handed in, as far as an archive tells."""

import struct
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gathering import ADA, NAME, ZOE, gather
from lms_archives import MADE, entry, notebook
from nbgrader.coursedir import CourseDirectory

from course.inbox.places import Placement
from course.inbox.systems import Times


def stamps(folder: Path) -> dict:
    """What nbgrader reads from the files timestamp.txt."""
    directory = CourseDirectory(root=str(folder))
    students = [path.name for path in (folder / "submitted").iterdir()]
    return {who: directory.get_existing_timestamp(directory.format_path("submitted", who, NAME)) for who in students}


def exact_entry(time: datetime) -> zipfile.ZipInfo:
    """Zoë's upload with this time in seconds since 1970, and another local time."""
    info = entry(ZOE[0], datetime(2020, 1, 1))
    info.extra = struct.pack("<HHBi", 0x5455, 5, 1, int((time - datetime(1970, 1, 1)).total_seconds()))
    return info


def test_times_of_the_download_are_not_taken_for_those_of_handing_in(folder):
    late = (entry(f"eve_LATE_5_77_{NAME}.ipynb", MADE + timedelta(minutes=50)), notebook())
    got = gather(folder, ADA, late)
    assert stamps(folder) == {"11": None, "5": None}
    assert "the archive does not tell: its times are those of the download" in got.text
    assert got.rows["5"].remarks == ("late, says Canvas; when is not known",)
    # told to use them, collecting adds what was missing
    got = gather(folder, ADA, late, times=Times.ZIP)
    assert stamps(folder) == {"11": MADE, "5": MADE + timedelta(minutes=50)}
    assert got.rows["5"].time == "2026-03-02 12:50:00 UTC"
    assert got.rows["5"].remarks == ("late, says Canvas",)
    # the time of what was handed in before is not that of what replaces it
    again = (entry(f"eve_LATE_5_78_{NAME}.ipynb", MADE), notebook("better"))
    got = gather(folder, ADA, again, times=Times.NONE)
    assert got.rows["5"].outcome is Placement.REPLACED and stamps(folder)["5"] is None
    assert got.rows["5"].remarks == ("late, says Canvas; when is not known",)


def test_times_hours_apart_become_timestamps_that_nbgrader_reads(folder):
    exact = datetime(2026, 3, 4, 5, 6, 7)
    info = exact_entry(exact)
    never = entry(f"eve_5_77_{NAME}.ipynb", datetime(1980, 1, 1))
    future = entry(f"fay_6_77_{NAME}.ipynb", datetime(2099, 1, 1))
    gather(folder, ADA, (info, ZOE[1]), (never, notebook()), (future, notebook()))
    assert stamps(folder) == {"11": MADE, "99": exact, "5": None, "6": None}
    assert gather(folder, ADA, (info, ZOE[1]), times=Times.NONE).rows["99"].time == ""


def test_a_timestamp_that_is_there_stays(folder):
    gather(folder, ADA, times=Times.ZIP)
    stamp = folder / "submitted" / "11" / NAME / "timestamp.txt"
    stamp.write_text("2026-01-01 00:00:00 UTC")
    gather(folder, (entry(ADA[0], MADE + timedelta(days=9)), ADA[1]), times=Times.ZIP)
    assert stamp.read_text() == "2026-01-01 00:00:00 UTC"


def test_local_times_are_those_of_the_courses_time_zone(folder):
    """In Berlin 12:00 is 11:00 UTC in winter; half past two comes twice on 26 October, and the earlier one counts."""
    exact = datetime(2025, 10, 20, 5, 6, 7)
    info = exact_entry(exact)
    twice = entry(f"eve_5_77_{NAME}.ipynb", datetime(2025, 10, 26, 2, 30))
    gather(folder, ADA, (info, ZOE[1]), (twice, notebook()), zone=ZoneInfo("Europe/Berlin"))
    assert stamps(folder) == {
        "11": MADE - timedelta(hours=1),
        "99": exact,
        "5": datetime(2025, 10, 26, 0, 30),
    }


def test_a_time_that_was_never_set_is_none_in_every_time_zone(folder):
    never = entry(f"eve_5_77_{NAME}.ipynb", datetime(1980, 1, 1))
    gather(folder, ADA, (never, notebook()), times=Times.ZIP, zone=ZoneInfo("America/New_York"))
    assert stamps(folder) == {"11": MADE + timedelta(hours=5), "5": None}
