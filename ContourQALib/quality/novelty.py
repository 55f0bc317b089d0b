"""NoveltyGate: is an image around a contour like those that a model learned from? Kept apart from the score.

For each structure two distances are taken from the training contours: of the image's descriptors, and of the
features that the network made of image and contour. Each is a Mahalanobis distance whose covariance is kept
along its leading directions, shrunk towards its mean, with all else in one residual. A distance above what
nearly all left-out patients show is novel. Modality, spacing and volume are ranges of the model's card.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ContourQALib.case import Image
from ContourQALib.errors import ModelError, SettingError
from ContourQALib.formats.output import write_atomically
from ContourQALib.names import normalize
from ContourQALib.quality.descriptors import GROUPS, describe
from ContourQALib.quality.intervals import patient_weights
from ContourQALib.quality.prediction import Prediction

NOVELTY_FILE = "novelty.json"

FEWEST_PATIENTS = 20
"""Below this left-out patients say little of how far unseen ones lie."""

MOST_DIRECTIONS = 24

SHRINKAGE = 0.1
"""Share of the mean variance in every direction's: a direction nobody varied in is not infinitely strict."""

FOLDS = 5

QUANTILE = 0.95
"""Of the left-out patients' contours, each patient weighing the same. Not higher: one scan in thirty of a
clinic is itself unlike the others, and the 99th percentile of 80 patients then is 3 to 12 times the
median."""

MARGIN = 1.5
"""The threshold lies so many times above that quantile: of unseen patients' contours the image's gate then
stopped none of 70 patients of hippocampus and one contour in 25 of head and neck."""

DIGITS = 5
"""Significant digits of a stored number."""


@dataclass(frozen=True, eq=False)
class NoveltySamples:
    """Training contours of one structure.

    Attributes:
        patients: (n,), whose contour it is, as any numbers.
        descriptors: (n, D) of `describe`, without contours that cannot be described; None for no such gate.
        features: (n, F), the network's (`Prediction.features`); None for no such gate.
    """

    patients: np.ndarray
    descriptors: np.ndarray | None = None
    features: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Cloud:
    """Where training contours lie, and how far from them is too far.

    Attributes:
        mean: (F,).
        scale: (F,), by which each coordinate is divided.
        directions: (D, F), orthonormal.
        variances: (D,), of the scaled coordinates along them, shrunk.
        rest: variance of what the directions leave, per dimension left.
        threshold: distance from which a contour is novel.
    """

    mean: np.ndarray
    scale: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    rest: float
    threshold: float = np.inf

    def distances(self, points: np.ndarray) -> np.ndarray:
        """Distances (n,) of points (n, F), about 1 for a typical training contour; inf for a bad number."""
        scaled = (np.atleast_2d(np.asarray(points, float)) - self.mean) / self.scale
        good = np.isfinite(scaled).all(axis=1)
        scaled = np.where(good[:, None], scaled, 0.0)
        along = scaled @ self.directions.T
        left = np.maximum((scaled**2).sum(axis=1) - (along**2).sum(axis=1), 0.0)
        squares = (along**2 / self.variances).sum(axis=1) + left / self.rest
        return np.where(good, np.sqrt(squares / scaled.shape[1]), np.inf)

    def parts(self, point: np.ndarray) -> np.ndarray:
        """How much each coordinate (F,) alone departs, in its training spread."""
        return np.abs((np.asarray(point, float) - self.mean) / self.scale)


def fit_cloud(points: np.ndarray, patients: Sequence[int] | np.ndarray) -> Cloud:
    """The cloud of points (n, F), each patient weighing the same, its threshold from left-out patients.

    Raises:
        SettingError: too few patients, or a number that is not finite.
    """
    groups = np.unique(np.asarray(patients), return_inverse=True)[1]
    count = int(groups.max()) + 1 if len(groups) else 0
    if count < FEWEST_PATIENTS:
        raise SettingError(
            f"A novelty gate needs at least {FEWEST_PATIENTS} patients, not {count}; add more."
        )
    if points.ndim != 2 or len(points) != len(groups) or not np.isfinite(points).all():
        raise SettingError("A novelty gate needs finite features, one row and one patient for each contour.")
    fold = np.random.default_rng(0).permutation(count)[groups] % FOLDS
    distances = np.empty(len(points))
    for number in range(FOLDS):
        out = fold == number
        distances[out] = _shape(points[~out], groups[~out]).distances(points[out])
    order = np.argsort(distances)
    cumulated = np.cumsum(patient_weights(groups)[0][order])
    farthest = distances[order][min(int(np.searchsorted(cumulated, QUANTILE)), len(order) - 1)]
    whole = _shape(points, groups)
    return Cloud(
        whole.mean, whole.scale, whole.directions, whole.variances, whole.rest, MARGIN * float(farthest)
    )


@dataclass(frozen=True, eq=False)
class StructureGate:
    """The clouds of one structure; None where there was nothing to make one of."""

    structure: str
    descriptors: Cloud | None
    features: Cloud | None


@dataclass(frozen=True, eq=False)
class NoveltyGate:
    """The gates of one model.

    Attributes:
        modality: modality of the training images; it decides how intensities are described.
        gates: one a structure.
    """

    modality: str
    gates: tuple[StructureGate, ...]

    @classmethod
    def fit(cls, modality: str, samples: Mapping[str, NoveltySamples]) -> NoveltyGate:
        """Gates of training contours, by structure.

        Raises:
            SettingError: a structure has too few patients, or numbers that are not finite.
        """

        def cloud(points: np.ndarray | None, whose: np.ndarray) -> Cloud | None:
            return None if points is None else fit_cloud(np.asarray(points, float), whose)

        return cls(
            modality,
            tuple(
                StructureGate(
                    name, cloud(known.descriptors, known.patients), cloud(known.features, known.patients)
                )
                for name, known in samples.items()
            ),
        )

    def judge(
        self, prediction: Prediction | None, image: Image, mask: np.ndarray, structure: str
    ) -> tuple[str, ...]:
        """Why a contour's image is unlike training, in sentences; none where it is not.

        Args:
            prediction: what the model said of the contour; None, or one without features, leaves the
                network's gate out.
            image: the image.
            mask: bool (K, J, I) on its grid; an empty one is for the rules and never novel.
            structure: in any spelling; one without a gate is never novel (the card says what is known).
        """
        wanted = normalize(structure)
        gate = next((gate for gate in self.gates if normalize(gate.structure) == wanted), None)
        if gate is None or not mask.any():
            return ()
        reasons = []
        if gate.descriptors is not None:
            reasons += _image_reasons(gate.descriptors, describe(image, mask, self.modality))
        features = None if prediction is None else prediction.features
        if gate.features is not None and features is not None:
            distance = float(gate.features.distances(features)[0])
            if distance > gate.features.threshold:
                reasons.append(
                    "What the network makes of image and contour is unlike its training "
                    f"(distance {distance:.1f}, usual up to {gate.features.threshold:.1f})."
                )
        return tuple(reasons)

    @classmethod
    def read(cls, path: Path) -> NoveltyGate:
        """Read what `write` wrote.

        Raises:
            ModelError: it cannot be read.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            gates = tuple(
                StructureGate(str(g["structure"]), _cloud(g.get("descriptors")), _cloud(g.get("features")))
                for g in raw["gates"]
            )
            return cls(str(raw["modality"]), gates)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"The novelty gate {path} is missing or damaged; install the model again."
            ) from error

    def write(self, path: Path) -> None:
        """Write it as JSON.

        Raises:
            OutputError: the file cannot be written.
        """
        gates = [
            {"structure": g.structure, "descriptors": _raw(g.descriptors), "features": _raw(g.features)}
            for g in self.gates
        ]
        with write_atomically(path) as temporary:
            text = json.dumps({"modality": self.modality, "gates": gates}, allow_nan=False)
            temporary.write_text(text + "\n", encoding="utf-8")


def _image_reasons(cloud: Cloud, described: np.ndarray | None) -> list[str]:
    if described is None:
        return ["The image shows a single intensity around the contour."]
    distance = float(cloud.distances(described)[0])
    if not distance > cloud.threshold:
        return []
    most = GROUPS[int(cloud.parts(described).argmax())]
    return [
        f"The image is unlike those of training, most of all {most} "
        f"(distance {distance:.1f}, usual up to {cloud.threshold:.1f})."
    ]


def _shape(points: np.ndarray, groups: np.ndarray) -> Cloud:
    """Mean, scale and shrunk leading directions of points, each patient weighing the same."""
    weights = patient_weights(groups)[0]
    mean = weights @ points
    spread = np.sqrt(weights @ (points - mean) ** 2)
    # A coordinate that hardly varies must not count for more than a coordinate of little spread would.
    scale = np.maximum(spread, max(0.05 * float(np.median(spread)), 1e-6))
    scaled = (points - mean) / scale
    values, vectors = np.linalg.eigh((scaled * weights[:, None]).T @ scaled)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    number = min(MOST_DIRECTIONS, len(values))
    shrunk = (1 - SHRINKAGE) * values + SHRINKAGE * values.mean()
    rest = float(shrunk[number:].mean()) if number < len(values) else 1.0
    return Cloud(mean, scale, vectors[:, :number].T, shrunk[:number], rest)


def _raw(cloud: Cloud | None) -> dict[str, Any] | None:
    if cloud is None:
        return None
    arrays = (cloud.mean, cloud.scale, cloud.directions, cloud.variances, cloud.rest, cloud.threshold)
    names = ("mean", "scale", "directions", "variances", "rest", "threshold")
    return {name: _rounded(np.asarray(array)) for name, array in zip(names, arrays, strict=True)}


def _rounded(array: np.ndarray) -> Any:
    if array.ndim == 0:
        return float(f"{float(array):.{DIGITS}g}")
    return [_rounded(part) for part in array]


def _cloud(raw: Mapping[str, Any] | None) -> Cloud | None:
    if raw is None:
        return None
    mean, scale, directions, variances = (
        np.array(raw[name], float) for name in ("mean", "scale", "directions", "variances")
    )
    if not (mean.shape == scale.shape == directions.shape[1:] and variances.shape == directions.shape[:1]):
        raise ValueError("shapes do not fit")
    return Cloud(mean, scale, directions, variances, float(raw["rest"]), float(raw["threshold"]))
