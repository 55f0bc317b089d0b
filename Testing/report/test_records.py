from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.errors import FormatError
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import DEFINITIONS
from ContourQALib.metrics.observers import compare_pairwise
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.quality.assessment import Assessment
from ContourQALib.report.provenance import Provenance, hash_file
from ContourQALib.report.records import (
    assessment_document,
    assessment_rows,
    comparison_document,
    comparison_record,
    comparison_rows,
    matrix_rows,
    slice_rows,
    to_csv,
    to_json,
)

COMPARE_FIELDS = [
    "structure",
    "reference",
    "test",
    "status",
    "dice",
    "sensitivity",
    "specificity",
    "precision",
    "volume_reference_cc",
    "volume_test_cc",
    "volume_error_percent",
    "hd_mm",
    "hd95_mm",
    "hd95_pooled_mm",
    "hd95_slicerrt_mm",
    "msd_mm",
    "masd_mm",
    "surface_dice",
    "tolerance_mm",
    "touches_edge",
    "resampled",
]
ASSESS_FIELDS = [
    "structure",
    "status",
    "dice",
    "dice_interval",
    "interval_level",
    "interval_cases",
    "dice_at_least",
    "hd95_mm",
    "hd95_interval_mm",
    "msd_mm",
    "msd_interval_mm",
    "verdict",
    "reasons",
    "slices",
    "novelty",
    "volume_cc",
]


def parsed(document: dict) -> dict:
    return json.loads(to_json(document), parse_constant=lambda word: pytest.fail(f"{word} in JSON"))


def test_a_pair_has_every_field_of_the_contract_and_keeps_its_numbers(pair: Comparison) -> None:
    [record] = parsed(comparison_document([pair]))["pairs"]
    assert set(COMPARE_FIELDS) <= set(record)
    assert record["dice"] == pair.dice
    assert record["hd95_mm"] == pair.hd95_mm
    assert record["status"] == "ok"
    assert record["reason"] is None
    assert record["touches_edge"] is False
    assert record["lost_cc"] == 0.0


def test_undefined_numbers_are_null_and_the_reason_says_why(missed: Comparison) -> None:
    [record] = parsed(comparison_document([missed]))["pairs"]
    assert math.isinf(missed.hd_mm)
    assert [record[k] for k in ("hd_mm", "hd95_mm", "msd_mm", "masd_mm", "precision")] == [None] * 5
    assert record["dice"] == 0.0
    assert record["status"] == "test_empty"
    assert "test contour is empty" in record["reason"]


def test_an_undefined_specificity_of_a_full_reference_has_a_reason(reference: Contour) -> None:
    full = replace(reference, mask=np.ones_like(reference.mask))
    record = comparison_record(compare(full, reference))
    assert record["specificity"] is None
    assert "fills its whole grid" in record["reason"]


def test_slices_are_there_only_when_asked_for(pair: Comparison, missed: Comparison) -> None:
    assert "slices" not in comparison_record(missed)
    slices = comparison_record(pair)["slices"]
    assert [s["index"] for s in slices] == [s.index for s in pair.slices or ()]
    assert {"index", "status", "dice", "hd_mm", "hd95_mm", "msd_mm"} <= set(slices[0])


def test_the_document_lists_definitions_unmatched_and_the_matrix_only_when_given(
    reference: Contour, shifted: Contour, pair: Comparison
) -> None:
    document = parsed(comparison_document([pair], [Unmatched("Brain", "test", "b.nrrd")]))
    (lone,) = document["unmatched"]
    assert (lone["structure"], lone["side"], lone["source"]) == ("Brain", "test", "b.nrrd")
    assert document["definitions"] == DEFINITIONS
    assert "matrix" not in document
    assert "provenance" not in document
    pairs, matrix = compare_pairwise([reference, shifted], ["one", "two"])
    [entry] = parsed(comparison_document(pairs, matrices=[matrix]))["matrix"]
    assert entry["observers"] == ["one", "two"]
    assert entry["dice"] == [[1.0, pairs[0].dice], [pairs[0].dice, 1.0]]
    [row] = matrix_rows([matrix])
    assert (row["observer"], row["other_observer"], row["dice"]) == ("one", "two", pairs[0].dice)


def test_an_assessment_has_every_field_of_the_contract(assessment: Assessment) -> None:
    document = parsed(assessment_document(assessment))
    assert document["model"] == {
        "name": "hippocampus-t1",
        "version": "0.1.0",
        "license": "CC-BY-SA-4.0",
        "status": "preview",
        "teaching_only": False,
    }
    assert document["elapsed_s"] == 0.5
    good, bad = document["structures"]
    assert set(ASSESS_FIELDS) <= set(good)
    assert list(good) == list(bad)
    assert good["dice_interval"] == [0.81, 0.93]
    assert good["slices"] == [{"index": 4, "error_volume_cc": 0.12}]
    assert good["verdict"] == "accept"
    assert (bad["dice"], bad["dice_interval"], bad["slices"]) == (None, None, None)
    assert bad["novelty"] == {"inside_training_range": False, "reasons": ["volume 0 cc"]}


def test_json_takes_numpy_numbers_and_keeps_letters_beyond_ascii(pair: Comparison) -> None:
    text = to_json(comparison_document([replace(pair, structure="Blåsa", dice=np.float32(0.5))]))
    assert "Blåsa" in text
    assert json.loads(text)["pairs"][0]["dice"] == 0.5


def test_provenance_names_inputs_by_the_path_given_and_their_sha256(tmp_path: Path) -> None:
    file = tmp_path / "a.nrrd"
    file.write_bytes(b"abc")
    # FIPS 180-2's own example: SHA-256 of "abc".
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_file(file) == digest
    record = comparison_document([], provenance=Provenance.of([file, file], {"tolerance_mm": 2.0}))
    provenance = parsed(record)["provenance"]
    assert provenance["inputs"] == [{"path": str(file), "sha256": digest}]
    assert provenance["settings"] == {"tolerance_mm": 2.0}
    assert provenance["disclaimer"] == "for research and teaching; not a medical device"
    with pytest.raises(FormatError, match=r"missing\.nrrd"):
        hash_file("missing.nrrd")


def test_csv_keeps_its_columns_and_leaves_undefined_cells_empty(pair: Comparison, missed: Comparison) -> None:
    text = to_csv(comparison_rows([pair, missed], [Unmatched("Brain, left", "reference", "r.nrrd")]))
    ok, lost, lone = csv.DictReader(io.StringIO(text))
    assert [c for c in ok if c in COMPARE_FIELDS] == COMPARE_FIELDS
    assert to_csv(comparison_rows([missed])).splitlines()[0].split(",") == list(ok)
    assert float(ok["dice"]) == pair.dice
    assert lost["hd95_mm"] == ""
    assert (lone["structure"], lone["status"], lone["reference"]) == ("Brain, left", "unmatched", "r.nrrd")
    assert (lone["test"], lone["dice"]) == ("", "")
    assert "no test contour" in lone["reason"]
    assert to_csv([]) == ""


def test_csv_of_slices_is_long(pair: Comparison, missed: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(slice_rows([pair, missed])))))
    assert [int(r["index"]) for r in rows] == [s.index for s in pair.slices or ()]
    assert rows[0]["test"] == "a/vpm.nrrd"


def test_csv_of_an_assessment_splits_intervals_and_joins_reasons(assessment: Assessment) -> None:
    bad = assessment.structures[1]
    changed = replace(bad, reasons=("first", "second"))
    good, row = csv.DictReader(
        io.StringIO(
            to_csv(assessment_rows(replace(assessment, structures=(assessment.structures[0], changed))))
        )
    )
    assert (good["dice_interval_low"], good["dice_interval_high"]) == ("0.81", "0.93")
    assert good["inside_training_range"] == "true"
    assert good["slices"] == "4"
    assert row["dice"] == ""
    assert row["reasons"] == "first; second"
    assert (good["model"], good["model_version"]) == ("hippocampus-t1", "0.1.0")
    assert (row["model"], row["model_version"]) == ("", "")
