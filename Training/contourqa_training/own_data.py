"""The plan of a quality model of one's own data: configurations derived from its images and contours.

They are library.toml, clinic-unet.toml, clinic-dpn.toml and contourqa.toml, which a user may change before
anything is trained.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contourqa_training.config_file import config_text
from contourqa_training.error_config import SECTIONS as ERROR_SECTIONS
from contourqa_training.library_config import LibrarySettings
from contourqa_training.own_data_measures import Measured
from contourqa_training.segmenter_config import SECTIONS as SEGMENTER_SECTIONS
from ContourQALib.geometry import Vector
from ContourQALib.names import normalize
from ContourQALib.quality.adjustment import FEWEST_PATIENTS as ADJUSTMENT_PATIENTS
from ContourQALib.quality.intervals import FEWEST_PATIENTS as INTERVAL_PATIENTS

Sections = dict[str, dict[str, Any]]

SEGMENTERS = ("clinic-unet", "clinic-dpn")
MODEL = "contourqa"
LIBRARY = "library"

LONGEST_MM = 160.0
"""A longer structure, such as a spinal cord, is seen in several windows."""

MARGIN_MM, MARGIN_SHARE = 8.0, 0.15
"""A window shows so much around a structure on each side, or this share of its extent."""

MOST_VOXELS = 2**18
"""Of a window; finer images are interpolated to larger voxels. A step of four windows then takes seconds."""

MOST_CELLS = 2**15
"""Cells of the network's first level in a window: as many as the head-and-neck model has."""

MOST_IN_CELL = 64
"""Voxels that become one cell: each is a channel of the network's answer."""

CELLS_MULTIPLE = 4
"""The network's second and third level halve its cells each."""

MOST_CALIBRATE = ((INTERVAL_PATIENTS, 0.35), (ADJUSTMENT_PATIENTS, 0.25))
"""Patients that intervals need, and that an adjustment of the score needs, and the share they may be."""

FEW_CALIBRATE = 0.05
"""Where even an adjustment would have too few, patients rather train."""


@dataclass(frozen=True)
class Window:
    """What the quality network is shown: see `PreprocessingSettings` and `ErrorUNet3DConfig`."""

    size: tuple[int, int, int]
    spacing_mm: Vector
    stride: tuple[int, int, int]


def window_of(spacing_kji: Vector, extent_mm: Vector) -> Window:
    """The window for structures of an extent in images of a spacing.

    It shows the structure and a margin. Voxels are the images', or larger where a window would have too many.
    Cells are as near to cubes as voxels allow, and no smaller than the longest side of a voxel.
    """
    extent = np.asarray(extent_mm, float)
    shown = np.minimum(extent + 2 * np.maximum(MARGIN_MM, MARGIN_SHARE * extent), LONGEST_MM)
    spacing = np.asarray(spacing_kji, float)
    finest = float(spacing.min())
    while np.prod(shown / spacing) > MOST_VOXELS:
        finest += 0.25
        spacing = np.maximum(spacing, finest)
    cell = float(spacing.max())
    stride = _stride(spacing, cell)
    while np.prod(shown / spacing / stride) > MOST_CELLS:
        cell *= 1.125
        stride = _stride(spacing, cell)
    multiple = stride * CELLS_MULTIPLE
    size = (np.ceil(shown / spacing / multiple) * multiple).astype(int)
    return Window(_three(size, int), _three(np.round(spacing, 4), float), _three(stride, int))


def plan_sections(measured: Measured, name: str, epochs: int | None = None) -> dict[str, Sections]:
    """The configurations of a plan, by name.

    Args:
        measured: what the folder is like.
        name: of the model.
        epochs: of the quality model, and at most of the segmentation networks; the templates' without.
    """
    structures = list(measured.contoured)
    is_ct = measured.modality == "CT"
    shares = LibrarySettings(calibrate_share=calibrating_share(measured.patients))
    found: dict[str, Sections] = {
        LIBRARY: {
            "library": {
                "name": name,
                "structures": structures,
                "modality": measured.modality,
                "calibrate_share": shares.calibrate_share,
                "choose_share": shares.choose_share,
                "test_share": shares.test_share,
                "segmenters": [f"{segmenter}.toml" for segmenter in SEGMENTERS],
                "known_errors": shares.known_errors,
                "natural_errors": shares.natural_errors,
                "seed": shares.seed,
            }
        }
    }
    for segmenter in SEGMENTERS:
        sections = tomllib.loads(config_text(segmenter, SEGMENTER_SECTIONS))
        sections["model"] |= {"structures": structures, "modality": measured.modality}
        sections["slices"] |= {
            "size": measured.slice_size,
            "intensity": "window" if is_ct else "percentile",
        }
        training = sections["training"]
        training["epochs"] = min(training["epochs"], epochs or training["epochs"])
        stages = {min(stage, training["epochs"]) for stage in training["stages"]}
        training["stages"] = sorted(stages | {training["epochs"]})
        found[segmenter] = sections
    found[MODEL] = _model_sections(measured, name, epochs)
    return found


def calibrating_share(patients: int) -> float:
    """Who calibrates, as a share: enough for intervals or for an adjustment, or hardly any."""
    usual = LibrarySettings().calibrate_share
    for needed, most in MOST_CALIBRATE:
        share = math.ceil(1000 * needed / patients) / 1000
        if share <= max(most, usual):
            return max(share, usual) if needed == INTERVAL_PATIENTS else share
    return FEW_CALIBRATE


def memory_gb(measured: Measured) -> float:
    """What the contours of those who train take in memory: images, masks of one bit, maps of one byte."""
    settings = LibrarySettings(calibrate_share=calibrating_share(measured.patients))
    learn = 1 - settings.calibrate_share - settings.test_share
    drawn = settings.known_errors + settings.natural_errors + settings.others + settings.swapped
    masks, maps = drawn + 15, 5  # natural contours and the reference; maps of all stages
    of_a_voxel = 4 + len(measured.contoured) * (masks / 8 + maps)
    return measured.patients * learn * measured.voxels * of_a_voxel / 1e9


def _model_sections(measured: Measured, name: str, epochs: int | None) -> Sections:
    window = window_of(measured.spacing_kji, measured.extent_mm)
    voxel = float(np.prod(window.spacing_mm)) ** (1 / 3)
    elastic = float(np.clip(0.5 * voxel, 1.0, 2.0))
    is_ct = measured.modality == "CT"
    sections: Sections = tomllib.loads(config_text(MODEL, ERROR_SECTIONS))
    mirrored = mirrored_pairs(tuple(measured.contoured))
    sections["model"] |= {
        "name": name,
        "modality": measured.modality,
        "mirrored": [f"{left}={right}" for left, right in mirrored],
        "single_part": measured.single_part,
    }
    sections["card"] |= {"data": _data_sentence(measured), "limits": _limits_sentence(measured)}
    sections["network"] |= {"stride": list(window.stride)}
    sections["preprocessing"] |= {"size": list(window.size), "spacing_mm": list(window.spacing_mm)}
    if is_ct:
        sections["preprocessing"] |= {"intensity": "window", "low_hu": -160.0, "high_hu": 300.0}
    else:
        sections["preprocessing"] |= {"lower_percentile": 1.0, "upper_percentile": 99.0, "clip": True}
    if epochs is not None:
        sections["training"]["epochs"] = epochs
    sections["spatial"] |= {
        # a left organ whose right one is unknown would be mirrored into something that has no name
        "flip": _mirrors_itself(tuple(measured.contoured), mirrored),
        "elastic_mm": round(elastic, 2),
        "elastic_scale_mm": round(13 * elastic, 1),
    }
    sections["intensity"] |= {
        "gamma": 0.2 if is_ct else 0.4,
        "bias": 0.05 if is_ct else 0.3,
        "blur_mm": round(0.6 * voxel, 2),
    }
    return sections


def mirrored_pairs(structures: Sequence[str]) -> list[tuple[str, str]]:
    """The left and right one of each pair of organs."""
    known = {normalize(name): name for name in structures}
    left = {meaning.removesuffix(" left"): n for meaning, n in known.items() if meaning.endswith(" left")}
    return [(name, known[f"{organ} right"]) for organ, name in left.items() if f"{organ} right" in known]


def _mirrors_itself(structures: Sequence[str], pairs: Sequence[tuple[str, str]]) -> bool:
    paired = {name for pair in pairs for name in pair}
    sided = {name for name in structures if normalize(name).endswith((" left", " right"))}
    return sided <= paired


def _data_sentence(measured: Measured) -> str:
    k, j, i = measured.spacing_kji
    return (
        f"{measured.modality} images and approved contours of {measured.patients} patients of one folder; "
        f"median voxels of {i:g} x {j:g} x {k:g} mm."
    )


def _limits_sentence(measured: Measured) -> str:
    share = calibrating_share(measured.patients)
    calibrating = max(1, round(share * measured.patients))
    said = "The approved contours that it learned from have errors of their own. "
    said += "It knows images and contours like those of this folder, and says nothing of others. "
    if calibrating < INTERVAL_PATIENTS:
        return said + (
            f"It gives no intervals: {measured.patients} patients leave too few to calibrate the "
            f"{INTERVAL_PATIENTS} that an interval needs."
        )
    return said + "Intervals hold for contours like those of the networks that it was calibrated on."


def _stride(spacing: np.ndarray, cell: float) -> np.ndarray:
    """Voxels along each axis that make a cell of about this size, and no more than a cell may have."""
    stride = np.maximum(np.round(cell / spacing), 1).astype(int)
    while np.prod(stride) > MOST_IN_CELL:
        stride[np.argmax(stride)] -= 1
    return stride


def _three(values: np.ndarray, kind: type) -> Any:
    k, j, i = (kind(value) for value in values)
    return k, j, i
