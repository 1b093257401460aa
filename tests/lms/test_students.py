"""Whose a file in an archive is."""

from gathering import ADA, NAME, ZOE, gather
from lms_archives import notebook, submitted

from course.inbox.roster import Person, read_roster


def test_roster(folder, tmp_path):
    text = "id;name;lms_id;more\nada;Ada Lovelace;11;x\nzoe;Zimmer, Zoë;;\nmax;Max Muster;;\n"
    (tmp_path / "roster.csv").write_text(text, "utf-8-sig")
    roster = read_roster(tmp_path / "roster.csv")
    others = [(f"strangereve_5_1_{NAME}.ipynb", notebook()), (f"mustermax_77_5_{NAME}.ipynb", b"Max")]
    got = gather(folder, ADA, ZOE, *others, roster=roster)
    assert submitted(folder, NAME) == {"ada": ADA[1], "zoe": ZOE[1], "max": b"Max"}
    assert got.rows["strangereve"].remarks == ("strangereve (lms_id 5) is not in the roster: add a line",)


def test_two_who_would_be_the_same_student_are_not_mixed_up(folder):
    roster = [Person("ann", "Ann Lee"), Person("ada", "", "11")]
    got = gather(folder, ADA, (f"leeann_5_1_{NAME}.ipynb", b"a"), (f"annlee_6_2_{NAME}.ipynb", b"b"), roster=roster)
    assert submitted(folder, NAME) == {"ada": ADA[1]}
    assert "leeann (5) and annlee (6) would both be ann: tell them apart by lms_id" in got.rows["leeann"].remarks[0]


def test_a_student_who_took_a_name_like_a_number_is_not_taken_for_another(folder):
    """Eve, number 5, calls herself “eve_11”; read from the left, her file is an upload of student 11."""
    trick = (f"eve_11_5_9999_{NAME}.ipynb", notebook("Eve's"))
    got = gather(folder, ADA, trick)
    assert submitted(folder, NAME) == {"11": ADA[1]}
    assert f"{trick[0]}: left out; it could be of student 11 or 5." in got.text
    # with a roster it is still a trick, but a number that begins an honest name is none
    roster = [Person("ada", "", "11"), Person("eve", "", "5"), Person("fay", "", "6")]
    honest = [("fay_6_70_3_solution.ipynb", b"Fay"), ("fay_6_69_02_heatmaps.ipynb", b"2")]
    got = gather(folder, trick, *honest, roster=roster)
    assert "it could be of student 11 or 5." in got.text
    assert submitted(folder, NAME) == {"11": ADA[1], "fay": b"Fay"}


def test_an_id_that_differs_only_in_capitals_from_a_folder_that_is_there(folder):
    (folder / "submitted" / "ADA").mkdir(parents=True)
    got = gather(folder, ADA, ZOE, roster=[Person("ada", "", "11"), Person("zoe", "", "99")])
    assert "submitted/ADA is there, which some systems take for ada" in got.rows["ada"].remarks[0]
    assert set(submitted(folder, NAME)) == {"zoe"}
