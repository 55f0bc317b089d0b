"""An assessment that says something in every field, some of it hard to carry."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.error_map import SuspiciousSlice
from ContourQALib.quality.verdict import Levels, Verdict

MODEL = ModelIdentity("headneck-ct", "0.3.1", "CC-BY-4.0", "preview")
TEACHER = ModelIdentity("phantom", "0.1.0", None, None, teaching_only=True)

FULL = StructureAssessment(
    structure="Ohrspeicheldrüse links",
    status=Status.OK,
    dice=0.1 + 0.2,
    verdict=Verdict.REVIEW,
    reasons=("Predicted Dice 0.30 is below the reject level of 0.75.", "It touches the edge."),
    novelty=Novelty(False, ("The image looks like MR, the model learned from CT.",)),
    volume_cc=1 / 3,
    resampled=True,
    lost_cc=1e-17,
    dice_interval=(math.nextafter(0.25, 0), 2 / 3),
    interval_level=0.9,
    interval_cases=61,
    dice_at_least=0.2718281828459045,
    hd95_mm=math.pi,
    hd95_interval_mm=(0.0, 123456789.123456789),
    msd_mm=np.float64(1.1),
    msd_interval_mm=(1e-300, 1.7976931348623157e308),
    slices=(SuspiciousSlice(3, 0.1 + 0.7), SuspiciousSlice(0, 0.01)),
    model="headneck-ct",
    expected_dice=0.77,
    agreement_dice=0.66,
    rasterized="12 closed contours on 4 planes; a voxel belongs when its center lies inside",
    spelled="parotis li",
    remarks="no frame of reference to check, used by position",
    standard_name="Musc_Flap",
    volume_polygons_cc=0.1 + 0.2,
)
BARE = StructureAssessment(
    structure="CTV",
    status=Status.EMPTY,
    dice=None,
    verdict=Verdict.REJECT,
    reasons=(),
    novelty=Novelty(None),
    volume_cc=0.0,
    resampled=False,
    lost_cc=0.0,
    interval_reason="Too few patients were held out.",
    slices=(),
)
ENDLESS = replace(
    BARE, structure="Rectum", status=Status.FULL, hd95_mm=math.inf, slices=None, model="phantom"
)
ASSESSMENT = Assessment(MODEL, (FULL, BARE, ENDLESS), 0.5123, (MODEL, TEACHER), Levels(0.85, 0.6))
