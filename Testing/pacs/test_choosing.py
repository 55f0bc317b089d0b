"""Which of a study's series is meant: what was named or referred to, never a guess."""

from __future__ import annotations

import pytest

from ContourQALib.errors import SettingError
from ContourQALib.pacs.address import Address
from ContourQALib.pacs.choosing import choose_contours, choose_images
from ContourQALib.pacs.errors import NotThereError
from ContourQALib.pacs.records import SeriesRecord
from dicom_samples import FREE_TEXT, tells_nothing

STUDY = "1.2"


def series(uid: str, modality: str = "CT", number: int | None = None) -> SeriesRecord:
    return SeriesRecord(STUDY, f"1.2.{uid}", modality, number, 9, FREE_TEXT)


CT_3, CT_13, PET = series("7.10003", number=3), series("7.25", number=13), series("8.12336", "PT", number=4)
OTHERS = [series("9.1", "RTSTRUCT", 3), series("9.2", "SR"), series("9.3", "SEG")]
ALL = [*OTHERS, CT_3, CT_13, PET]


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [("3", CT_3), ("13", CT_13), ("1.2.8.12336", PET), (" 8.12336 ", PET), ("12336", PET), ("2.7.25", CT_13)],
)
def test_a_series_is_named_by_number_uid_or_the_end_of_it(wanted, meant):
    assert choose_images(ALL, wanted, referenced=[CT_3.series_uid]) is meant


def test_the_series_that_contours_refer_to_is_meant():
    assert choose_images(ALL, referenced=["9.9.9", PET.series_uid]) is PET
    assert choose_images([*OTHERS, PET]) is PET


@pytest.mark.parametrize(
    ("held", "wanted", "referenced", "words"),
    [
        (ALL, None, (), "holds 3 series that may be meant; choose one with --series: series 3 (CT, 9 files"),
        (ALL, None, (CT_3.series_uid, PET.series_uid), "holds 2 series that may be meant"),
        (ALL, None, ("9.9.9",), "refer to no series of the study; choose one with --series"),
        (ALL, "5", (), "--series 5 is not in the study"),
        (ALL, "", (), "is not in the study"),
        ([*ALL, series("6.1", number=3)], "3", (), "may mean 2; name one by its UID"),
        (OTHERS, None, (), "no CT, MR or PET images"),
    ],
)
def test_what_may_be_meant_is_listed(held, wanted, referenced, words):
    with pytest.raises(SettingError) as error:
        choose_images(held, wanted, referenced)
    assert words in str(error.value)
    assert tells_nothing(str(error.value))


def test_a_long_list_is_cut_and_counted():
    with pytest.raises(SettingError, match="; and 88 more"):
        choose_images([series(f"5.{n}", number=n) for n in range(100)])


class Holding:
    """An archive whose every series holds one instance of a manufacturer."""

    address = Address.parse("https://pacs.example")

    def __init__(self, *manufacturers: str) -> None:
        self.manufacturers = manufacturers

    def search(self, level, study_uid, series_uid, **how):
        if how["offset"]:
            return []
        number = int(series_uid.rpartition(".")[2])
        values = {
            "00080018": f"{series_uid}.1",
            "00080070": self.manufacturers[number],
            "00080023": "20240131",
        }
        return [{tag: {"Value": [value]} for tag, value in values.items()}]


HOLDERS = [series("9.0", "RTSTRUCT"), series("9.1", "SEG"), CT_3]


def test_what_this_program_wrote_is_not_taken_for_the_clinic_s():
    assert choose_contours(Holding("Vendor", "ContourQA"), HOLDERS).instance_uid == "1.2.9.0.1"
    assert choose_contours(Holding("ContourQA", ""), HOLDERS).instance_uid == "1.2.9.1.1"
    with pytest.raises(NotThereError, match="did not write itself; name one by --contours"):
        choose_contours(Holding("ContourQA", "ContourQA"), HOLDERS)
    chosen = choose_contours(Holding("Vendor", "ContourQA"), HOLDERS, "1.2.9.1")
    assert (chosen.instance_uid, chosen.modality) == ("1.2.9.1.1", "SEG")


def test_of_several_contours_none_is_taken_for_being_the_newest():
    with pytest.raises(
        SettingError, match=r"2 objects with contours.*RTSTRUCT of 20240131 \(UID 1\.2\.9\.0\.1\)"
    ):
        choose_contours(Holding("Vendor", "Vendor"), HOLDERS)
    with pytest.raises(NotThereError, match="no RTSTRUCT or SEG"):
        choose_contours(Holding(), [CT_3])
