"""Archives that mean harm: refused by name, and no other student is the worse for it."""

import random
import struct
import zipfile
from pathlib import Path

import pytest
from gathering import ADA, EVE, GOOD, LAB, NAME, ZOE, gather
from lms_archives import entry, everything, notebook, pack, submitted

from course.errors import ArchiveError, CourseError
from course.inbox.places import Placement
from course.lms.collect import collect
from course.lms.unpack import ArchiveLimits, open_archive, unpack

LINKS = ["submitted", "submitted/11", f"submitted/11/{NAME}", "downloaded", f"downloaded/{NAME}/collected/11"]


@pytest.mark.parametrize("link", LINKS)
def test_links_on_the_way_are_not_followed(outer, folder, download, link):
    elsewhere = outer / "elsewhere"
    elsewhere.mkdir()
    (folder / link).parent.mkdir(parents=True, exist_ok=True)
    (folder / link).symlink_to(elsewhere, target_is_directory=True)
    found = collect(LAB, folder, pack(download, ADA))
    assert "leads over a link to" in found.rows[0].remarks[0]
    assert list(elsewhere.iterdir()) == []


HARM = {
    "parent": (("../evil.ipynb", b"x"), "its name leads out of its folder"),
    "parents within": ((f"eve_5_77_a/../../../{NAME}.ipynb", b"x"), "its name leads out of its folder"),
    "absolute": (("/tmp/evil.ipynb", b"x"), "its name is an absolute path"),
    "drive": (("C:/evil.ipynb", b"x"), "its name is an absolute path"),
    "drive relative": (("c:evil.ipynb", b"x"), "its name is an absolute path"),
    "backslash": (("eve_5_77_..\\..\\evil.ipynb", b"x"), "its name holds a backslash"),
    "share": (("//server/share/evil.ipynb", b"x"), "its name is an absolute path"),
    "control": (("eve_5_77_\x1b[2Jevil.ipynb", b"x"), "characters that cannot be printed"),
    "turned": (("eve_5_77_\u202ebnypi.evil", b"x"), "characters that cannot be printed"),
    "endless": (("x" + "_1" * 30_000 + "/y", b"x"), "its name is too long"),
    "long number": ((f"eve_{'5' * 5000}_77_{NAME}.ipynb", b"x"), "its name is too long"),
    "large number": ((f"eve_{'5' * 30}_77_{NAME}.ipynb", b"x"), "Canvas gives no such names"),
    "nul": (("eve_5_77_a\0/../../evil.ipynb", b"x"), "characters that cannot be printed"),
    "symlink": ((entry(EVE, mode=0o120777), b"../../../evil.ipynb"), "it is a symbolic link"),
    "pipe": ((entry(EVE, mode=0o010644), b""), "it is a device or a pipe"),
    "bz2": ((entry(EVE, method=zipfile.ZIP_BZIP2), bytes(10**6)), "packed in a way that"),
    "lzma": ((entry(EVE, method=zipfile.ZIP_LZMA), bytes(10**6)), "packed in a way that"),
    "bomb": ((EVE, bytes(51 * 2**20)), "packed more than 200 times"),
    "giant": ((entry(EVE, method=zipfile.ZIP_STORED), bytes(100 * 2**20 + 1)), "larger than the 104,857,600 bytes"),
}


@pytest.mark.parametrize("harm", HARM)
def test_harm_is_refused_and_named_and_costs_nobody_anything(folder, harm):
    hostile, reason = HARM[harm]
    got = gather(folder, ADA, hostile, ZOE)
    assert submitted(folder, NAME) == GOOD
    assert reason in got.text
    assert "5" not in got.rows or got.rows["5"].outcome is Placement.REFUSED
    assert not any(ord(one) < 32 and one != "\n" for one in got.text)


def test_moodle_folders_do_not_lead_out(folder):
    at = "Eve_5_assignsubmission_file_/"
    good = (f"Ada_1_assignsubmission_file_/{NAME}.ipynb", b"Ada")
    got = gather(folder, good, *((at + way, b"x") for way in ("../../../evil.ipynb", "/evil.ipynb", "./x.ipynb")))
    assert submitted(folder, NAME) == {"ada": b"Ada"}
    assert got.text.count("not unpacked; its name leads out of its folder") == 3


def test_encrypted(folder, download):
    data = bytearray(pack(download, ADA, (EVE, notebook()), ZOE).read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.index(signature, data.index(signature) + 1) + offset  # the second entry
        struct.pack_into("<H", data, at, struct.unpack_from("<H", data, at)[0] | 1)
    download.write_bytes(data)
    got = gather(folder)
    assert got.rows["5"].remarks == (f"{NAME}.ipynb not unpacked: it is encrypted",)
    assert submitted(folder, NAME) == GOOD


def test_of_a_damaged_latest_upload_no_earlier_one_is_taken_silently(folder, download):
    latest = entry(f"eve_5_78_{NAME}-1.ipynb", method=zipfile.ZIP_STORED)
    data = pack(download, ADA, (EVE, notebook("old")), (latest, b"latest"), ZOE).read_bytes()
    download.write_bytes(data.replace(b"latest", b"lAtest"))
    got = gather(folder)
    assert got.rows["5"].outcome is Placement.REFUSED
    assert "not unpacked: it is damaged (Bad CRC-32" in got.rows["5"].remarks[0]
    assert submitted(folder, NAME) == GOOD


@pytest.mark.parametrize(("size", "reason"), [(0, "damaged"), (5, "damaged"), (2**31, "larger than the 1,048,576")])
def test_a_size_that_is_not_true(folder, download, size, reason):
    data = bytearray(pack(download, ADA, (EVE, bytes(3 * 2**20)), ZOE).read_bytes())
    at = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)  # the second entry
    struct.pack_into("<I", data, at + 24, size)
    download.write_bytes(data)
    got = gather(folder, limits=ArchiveLimits(file=2**20))
    assert got.rows["5"].outcome is Placement.REFUSED and reason in got.rows["5"].remarks[0]
    assert submitted(folder, NAME) == GOOD


def test_nobody_uses_up_what_others_need(folder):
    big = [(f"eve_5_{number}_big{number}.bin", random.Random(number).randbytes(300_000)) for number in range(10)]
    got = gather(folder, (EVE, notebook("Eve's")), *big, ADA, ZOE, limits=ArchiveLimits(total=3_000_000))
    assert submitted(folder, NAME) == GOOD | {"5": notebook("Eve's")}
    assert sum(path.stat().st_size for path in folder.rglob("*.bin")) == 900_000
    assert got.rows["5"].remarks[-1].startswith("big9.bin not unpacked: it is larger than the ")


def test_a_file_that_is_there_already_is_neither_overwritten_nor_deleted(folder, download):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "there.ipynb").write_text("another's")
    with open_archive(pack(download, ADA), ArchiveLimits()) as archive, pytest.raises(FileExistsError):
        unpack(archive, archive.entries[0], folder / "there.ipynb", 1000)
    assert (folder / "there.ipynb").read_text() == "another's"


def test_many_files_of_one_student(folder):
    many = [(f"eve_5_{number}_{number}.txt", b"") for number in range(1, 301)]
    got = gather(folder, (EVE, notebook("Eve's")), *many, ADA, ZOE)
    assert set(submitted(folder, NAME)) == {"5", "11", "99"}
    assert len(list((folder / "submitted" / "5" / NAME).iterdir())) == 201
    assert got.rows["5"].remarks == ("100 files not unpacked: only 200 of a student are",)


def test_archives_that_list_too_much(folder):
    with pytest.raises(ArchiveError, match="lists 2 files; 1 are allowed"):
        gather(folder, ADA, ZOE, limits=ArchiveLimits(entries=1))
    many = [(f"x_1_{number}_{'y' * 200}", b"") for number in range(400)]
    with pytest.raises(ArchiveError, match="its list of files is longer than 90,000 bytes"):
        gather(folder, ADA, *many, limits=ArchiveLimits(contents=90_000))


def test_a_list_of_entries_that_claims_to_be_huge(folder, download):
    data = bytearray(pack(download, ADA).read_bytes())
    struct.pack_into("<II", data, data.index(b"PK\5\6") + 12, 2**32 - 2, 0)
    download.write_bytes(data)
    with pytest.raises(ArchiveError):
        gather(folder)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\5\6" + bytes(18), b"PK\3\4" + bytes(50)])
def test_what_is_no_zip_file_or_empty(folder, download, content):
    download.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"download\.zip is no whole zip file|neither"):
        gather(folder)


def test_whatever_bits_are_wrong_nothing_else_happens(outer, folder, download):
    """Two hundred archives, each damaged at random: an error that says what to do, or whole submissions, or none."""
    at = "Ann_1_assignsubmission_file_/"
    files = [ADA, (EVE, notebook("e")), (f"{at}{NAME}.ipynb", b"a"), (f"{at}x/y.txt", b"b"), ZOE]
    whole = pack(download, *files).read_bytes()
    chance = random.Random(0)
    before, errors, taken = everything(outer), 0, 0
    for number in range(200):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 3, 30])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        download.write_bytes(data[: chance.randrange(len(data))] if number % 10 == 0 else data)
        home = folder / str(number)
        try:
            found = collect(LAB, home, download)
        except CourseError as error:
            errors += 1
            assert "download.zip" in str(error) or "--system" in str(error)
            continue
        taken += len(submitted(home, NAME))
        assert set(submitted(home, NAME).values()) <= {ADA[1], ZOE[1], notebook("e"), b"a"}
        assert found.rows or found.remarks
    after = everything(outer)
    assert before.items() <= after.items()
    made = {Path(name).parts[:2] for name in after.keys() - before.keys()}
    assert made <= {("class", str(number)) for number in range(200)}
    assert errors > 20 and taken > 100, "the damage is of every kind"
