"""What a CT shows of the phantom's anatomy: tissues in HU with partial volume, texture and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ContourQALib import phantom_anatomy as anatomy
from ContourQALib.geometry import Grid
from ContourQALib.phantom_shapes import Ellipsoid, Space

AIR_HU, FOAM_HU, COUCH_HU = -1000.0, -940.0, -420.0
FAT_HU, SKIN_HU, MUSCLE_HU, VESSEL_HU = -102.0, 25.0, 55.0, 46.0
CORTICAL_HU, SPONGY_HU, MARROW_HU, NERVE_HU = 780.0, 200.0, -10.0, 25.0
URINE_HU, WALL_HU, PROSTATE_HU, FECES_HU, CHYME_HU, GAS_HU = 4.0, 36.0, 42.0, 18.0, 28.0, -930.0

NOISE_HU = 11.0
"""Standard deviation of the noise in soft tissue near the skin; it doubles in the middle of the body."""


@dataclass(frozen=True, eq=False)
class Scan:
    """One patient scanned.

    Attributes:
        values: HU, int16 (K, J, I).
        organs: signed distance of each organ by name, mm, float32 (K, J, I), negative inside.
        loops: the same of each bowel loop.
    """

    values: np.ndarray
    organs: dict[str, np.ndarray]
    loops: list[np.ndarray]


class Canvas:
    """HU painted tissue over tissue, blended over one voxel at every edge (partial volume)."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.values = np.full(space.grid.shape, AIR_HU, np.float32)

    def paint(self, distance: np.ndarray, value: float | np.ndarray) -> None:
        """Fill the inside of a signed distance with `value` (one or an array of the grid's shape)."""
        reached = distance < self.space.voxel_mm / 2
        share = np.clip(0.5 - distance[reached] / self.space.voxel_mm, 0, 1)
        new = value[reached] if isinstance(value, np.ndarray) else np.float32(value)
        self.values[reached] += share * (new - self.values[reached])


def scan(grid: Grid, seed: int) -> Scan:
    """Draw a patient and scan him.

    Args:
        grid: axes along the patient's; the anatomy lies about the LPS origin.
        seed: which patient.
    """
    rng = np.random.default_rng(seed)
    patient = anatomy.Patient(rng)
    space = Space(grid)
    canvas = Canvas(space)
    coarse, fine = space.noise(rng, 26.0), space.noise(rng, 7.0, stretch_z=2.5)

    skin = anatomy.body(space, patient.build)
    _couch(canvas)
    canvas.paint(skin, SKIN_HU)
    canvas.paint(skin + np.float32(2.0), FAT_HU + 5 * coarse + 4 * fine)
    _muscles(canvas, skin, coarse, fine)
    canvas.paint(space.union(anatomy.vessels()), VESSEL_HU)
    _bones(canvas, fine)
    organs, loops = _organs(canvas, patient, rng, fine)
    _add_noise(canvas, skin, rng)
    return Scan(np.clip(np.rint(canvas.values), -1024, 3071).astype(np.int16), organs, loops)


def _couch(canvas: Canvas) -> None:
    space = canvas.space
    depth = space.y - np.float32(anatomy.COUCH_TOP_MM + 1)
    slab = np.maximum(np.maximum(-depth, depth - 34), np.abs(space.x) - 158) + 0 * space.z
    canvas.paint(slab, FOAM_HU)
    canvas.paint(np.maximum(slab, -(slab + np.float32(2.0))), COUCH_HU)


def _muscles(canvas: Canvas, skin: np.ndarray, coarse: np.ndarray, fine: np.ndarray) -> None:
    nearest, second = canvas.space.nearest_two(anatomy.muscles())
    # Each muscle spreads until it meets its neighbor, from which a plane of fat parts it, but not into the
    # cavity nor the subcutaneous fat; the coarse noise makes the borders less geometric.
    cavity = canvas.space.union(anatomy.cavity()) + 3 * coarse
    apart = np.float32(1.1) - (second - nearest) / 2
    spread = np.maximum(np.maximum(nearest - 11, apart), -cavity)
    field = np.minimum(nearest + np.float32(1.2) * coarse, spread + coarse)
    field = np.maximum(np.maximum(field, apart - np.float32(0.5)), skin + 15 + 3 * coarse)
    # Thin oblique sheets of fat run through them.
    septa = np.exp(-((fine / np.float32(0.10)) ** 2)) * np.clip(coarse + np.float32(0.4), 0, 1)
    canvas.paint(field, MUSCLE_HU + 3 * coarse - 75 * septa)


def _bones(canvas: Canvas, fine: np.ndarray) -> None:
    space = canvas.space
    heads = space.union(anatomy.mirrored(anatomy.femoral_head()))
    femurs = np.minimum(heads, space.union(anatomy.mirrored(anatomy.femur())))
    # The socket: a shell around the head with a joint space between, open below and to the side.
    cups = space.union(anatomy.mirrored([Ellipsoid(anatomy.HEAD_OF_FEMUR, (35.0, 34.0, 34.0))]))
    hollow = space.union(anatomy.mirrored([Ellipsoid(anatomy.HEAD_OF_FEMUR, (26.0, 26.0, 26.0))]))
    x0, _, z0 = anatomy.HEAD_OF_FEMUR
    opening = (np.abs(space.x) - np.float32(x0)) * np.float32(0.8) - (space.z - np.float32(z0)) * np.float32(
        0.6
    )
    cups = np.maximum(cups, opening - 4)
    pelvis = np.minimum(space.union(anatomy.mirrored(anatomy.hip_bones())), cups)
    pelvis = np.maximum(pelvis, -hollow)
    pelvis = np.minimum(pelvis, space.union(anatomy.sacrum()))
    for field, cortex_mm in ((pelvis, 1.9), (femurs, 1.5)):
        canvas.paint(field, CORTICAL_HU - 60 * fine)
        canvas.paint(field + np.float32(cortex_mm), SPONGY_HU + 45 * fine)
    marrow = space.union(anatomy.mirrored(anatomy.marrow()))
    canvas.paint(np.maximum(marrow - 6, femurs), CORTICAL_HU)
    canvas.paint(marrow, MARROW_HU + 10 * fine)
    canvas.paint(space.union(anatomy.sacral_canal()), NERVE_HU)


def _organs(
    canvas: Canvas, patient: anatomy.Patient, rng: np.random.Generator, fine: np.ndarray
) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    space = canvas.space
    wobble = np.float32(0.7) * space.noise(rng, 14.0)
    target = space.union(patient.prostate_and_vesicles(), blend_mm=5) + wobble
    bladder = np.maximum(space.union(patient.bladder(), blend_mm=16) + wobble, np.float32(1.0) - target)
    rectum_shapes, rectum_line = patient.rectum()
    rectum = np.maximum(space.union(rectum_shapes) + wobble, np.float32(1.0) - target)
    loop_shapes, loop_lines = patient.bowel()
    outside = np.float32(1.5) - np.minimum(bladder, rectum)
    loops = [np.maximum(space.union(shapes) + wobble, outside) for shapes in loop_shapes]
    bowel = np.minimum.reduce(loops)

    canvas.paint(bowel, WALL_HU + 8)
    canvas.paint(bowel + 2.5, CHYME_HU + 14 * fine)
    _gas(
        canvas,
        bowel + 3,
        [(loop_lines[n][m], size) for n, m, size in ((0, 9, 9.0), (1, 4, 8.0), (3, 6, 11.0))],
    )

    canvas.paint(bladder, WALL_HU)
    canvas.paint(bladder + 3, URINE_HU)

    stool = FECES_HU + 26 * space.noise(rng, 4.5) - 60 * np.clip(fine - np.float32(0.9), 0, 2)
    canvas.paint(rectum, WALL_HU + 6)
    canvas.paint(rectum + np.float32(3.5), stool)
    _gas(canvas, rectum + 4, [(rectum_line[n], size) for n, size in ((9, 9.0), (10, 8.0), (15, 10.0))])

    canvas.paint(target, PROSTATE_HU + 3 * fine)
    x, y, z = patient.prostate_center
    zone = Ellipsoid((x, y - 3, z + 4), (14.0, 9.0, 12.0))
    canvas.paint(np.maximum(space.union([zone]), target + 3), PROSTATE_HU - 8 + 4 * fine)
    specks = [Ellipsoid((x + a, y + b, z + c), (1.6, 1.4, 1.6)) for a, b, c in rng.uniform(-9, 9, (4, 3))]
    canvas.paint(space.union(specks), 280.0)

    left, right = (
        space.union(shapes)
        for shapes in (anatomy.femoral_head(), anatomy.mirrored(anatomy.femoral_head())[1::2])
    )
    fields = (target, bladder, rectum, left, right, bowel)
    return dict(zip(anatomy.ORGANS, fields, strict=True)), loops


def _gas(canvas: Canvas, lumen: np.ndarray, bubbles: list[tuple[anatomy.Point, float]]) -> None:
    """Bubbles of gas, which rises to the front of a man lying on his back."""
    shapes = [Ellipsoid((x + 2, y - 0.7 * r, z), (1.2 * r, 0.7 * r, r)) for (x, y, z), r in bubbles]
    canvas.paint(np.maximum(canvas.space.union(shapes), lumen), GAS_HU)


def _add_noise(canvas: Canvas, skin: np.ndarray, rng: np.random.Generator) -> None:
    from scipy.ndimage import gaussian_filter1d

    space, shape = canvas.space, canvas.values.shape
    # A reconstruction kernel correlates neighbors in the slice; photons are few in the middle of the body and
    # fewest between the femoral heads, where the noise is drawn out into streaks from left to right.
    grain = rng.standard_normal(shape, dtype=np.float32)
    streaks = gaussian_filter1d(grain[::-1], 30.0 / space.grid.spacing[0], axis=2) * np.float32(6.0)
    for axis in (1, 2):
        grain = gaussian_filter1d(grain, 0.55, axis=axis)
    grain *= np.float32(1 / 0.55)
    middle = np.clip(-skin / np.float32(90), 0, 1)
    between_heads = np.exp(-((space.z / 26) ** 2) - (space.y / 32) ** 2).astype(np.float32)
    amplitude = np.float32(NOISE_HU) * (np.float32(0.5) + middle) * (skin < 1) + np.float32(4)
    canvas.values += amplitude * grain + np.float32(NOISE_HU) * between_heads * middle * streaks
