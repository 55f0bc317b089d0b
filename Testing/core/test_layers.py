"""Layers point one way: what importing each of them must not pull in, seen in a bare interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = ("torch", "vtk", "vtkmodules", "slicer", "monai", "lightning", "matplotlib", "pandas")
ABOVE_CORE = (
    "ContourQALib.networks",
    "ContourQALib.quality",
    "ContourQALib.report",
    "ContourQALib.mrml",
    "ContourQALib.commands",
    "ContourQALib.cli",
    "contourqa_training",
    "contourqa_training.bice",
    "contourqa_training.geng",
)
CORE = (
    "errors",
    "geometry",
    "case",
    "names",
    "perturbation",
    "phantom",
    "formats.images",
    "formats.contours",
    "formats.segmentation",
    "formats.probability",
    "formats.manifest",
    "formats.recommendation",
    "formats.dicom.folder",
    "formats.dicom.segmentation_in",
    "formats.dicom.segmentation_out",
    "formats.dicom.series_image",
    "formats.dicom.structure_contours",
    "metrics.compare",
    "metrics.comparison_set",
    "thresholds.expected",
    "thresholds.sweep",
    "thresholds.pooled",
    "thresholds.cases",
    "thresholds.map_names",
    "thresholds.recommendation",
    "thresholds.applied",
    "cohort.signed_rank",
    "cohort.summary",
    "cohort.run",
    "pacs.archive",
    "planar.coverage",
    "planar.rasterizing",
    "vocabulary",
)
DICOM = {"pydicom", "highdicom", "gdcm", "dicomweb_client", "requests"}


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_library_takes_under_three_tenths_of_a_second():
    # Of the best of five: the interpreter's own start is taken off, the machine's other work is not ours.
    def seconds(statement: str) -> float:
        best = float("inf")
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            best = min(best, time.perf_counter() - started)
        return best

    assert seconds("import ContourQALib") - seconds("pass") < 0.3


def test_every_core_module_is_light_and_knows_nothing_above_it():
    loaded = modules_after("\n".join(f"import ContourQALib.{name}" for name in CORE))
    assert not loaded & {*HEAVY, *ABOVE_CORE, *DICOM}


@pytest.mark.parametrize(
    "module", ["rules", "verdict", "assessment", "card", "model", "predict", "preprocessing"]
)
def test_quality_loads_no_torch_before_it_predicts(module):
    loaded = modules_after(f"import ContourQALib.quality.{module}")
    assert not loaded & {"torch", "ContourQALib.report", "ContourQALib.commands", "contourqa_training"}


@pytest.mark.parametrize("network", ["efficientdet3d", "unet2d", "dpn_unet"])
def test_networks_are_torch_alone(network):
    pytest.importorskip("torch")
    loaded = modules_after(f"import ContourQALib.networks.{network}")
    above = {
        "ContourQALib.quality",
        "ContourQALib.report",
        "ContourQALib.formats",
        "contourqa_training",
        "contourqa_training.bice",
        "monai",
    }
    assert not loaded & above


@pytest.mark.parametrize("module", ["frames", "volumes", "segmentations", "scene_change", "views"])
def test_what_works_on_nodes_imports_without_slicer_and_what_its_process_lacks(module):
    loaded = modules_after(f"import ContourQALib.mrml.{module}")
    front_ends = {"ContourQALib.commands", "ContourQALib.cli", "contourqa_training"}
    assert not loaded & {*HEAVY, *front_ends, "scipy", "SimpleITK", "skimage", "numba"}


def test_the_command_line_starts_without_heavy_packages():
    loaded = modules_after("import ContourQALib.cli")
    assert not loaded & {*HEAVY, *DICOM, "scipy", "SimpleITK", "skimage", "contourqa_training"}


def test_the_worker_starts_without_what_its_child_computes_with():
    loaded = modules_after("import ContourQALib.worker")
    assert not loaded & {*HEAVY, "scipy", "SimpleITK", "skimage", "numba", "ContourQALib.commands"}


def test_the_computing_process_listens_before_it_loads_a_network():
    loaded = modules_after("import ContourQALib.worker_process")
    assert not loaded & {*HEAVY, "scipy", "SimpleITK", "ContourQALib.mrml", "ContourQALib.commands"}


@pytest.mark.parametrize(
    "room",
    [
        "cases.case_list",
        "cases.assessment_store",
        "decisions.decision_log",
        "serving.downloads",
        "serving.access_gate",
    ],
)
def test_what_the_workstation_keeps_and_serves_needs_neither_nodes_nor_pages(room):
    loaded = modules_after(f"import ContourQALib.workstation.{room}")
    assert not loaded & {*HEAVY, "trame", "scipy", "SimpleITK", "numba", "ContourQALib.commands"}


def test_the_workstation_serves_without_what_its_worker_computes_with():
    pytest.importorskip("trame_slicer")
    loaded = modules_after("import ContourQALib.workstation.application")
    computing = {"torch", "matplotlib", "numba", "SimpleITK", "skimage", "plotly", "pandas"}
    assert not loaded & {*computing, "ContourQALib.commands", "contourqa_training"}


def test_no_page_of_the_workstation_is_imported_but_by_the_application():
    """What several pages share lies in a room of its own: a page can be changed without reading another."""
    workstation = Path(__file__).parents[2] / "ContourQALib" / "workstation"
    pages = {path.parent.name for path in workstation.glob("*/*_page.py")}
    assert pages >= {"worklist", "review", "compare", "cohort", "thresholds", "teach"}
    borrowed = [
        f"{path.relative_to(workstation)} imports {page}"
        for path in workstation.rglob("*.py")
        for page in pages - {path.parent.name}
        if f"ContourQALib.workstation.{page}." in path.read_text(encoding="utf-8")
    ]
    assert [one for one in borrowed if not one.startswith("application.py")] == []
