"""Pairs: an image and a contour as the paper's network sees them, and the truth about the contour."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contourqa_training.isaksson.bias_field import corrected
from contourqa_training.isaksson.cohort import Member
from contourqa_training.isaksson.config import IsakssonSettings
from contourqa_training.library import ContourLibrary, LibraryCase, LibraryContour
from ContourQALib.errors import SettingError
from ContourQALib.metrics.overlap import overlap
from ContourQALib.quality.agreement import agreement_dice, expected_dice
from ContourQALib.quality.preprocessing import PreprocessingSettings, prepare_arrays

NATURAL = "N"

TOLD_EVERY = 10
"""Images between two lines of progress."""

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Pair:
    """One image-contour pair in the window that is cut at the image's center.

    Attributes:
        patient, regime, fold: whose it is, and in which fold it is tested.
        network: which drew the contour.
        image: float32 (K, J, I), bias field corrected, percentiles mapped.
        reference: bool (K, J, I).
        mask: bool (K, J, I), the contour.
        dice: of contour and reference.
        expected_dice: from the probability map that the contour was cut from; nan without one.
        agreement: Dice of this contour and the other network's on the same image; nan without one.
        spacing_kji: of the window, mm.
    """

    patient: str
    regime: str
    fold: int
    network: str
    image: np.ndarray
    reference: np.ndarray
    mask: np.ndarray
    dice: float
    expected_dice: float
    agreement: float
    spacing_kji: tuple[float, float, float]

    @property
    def input(self) -> np.ndarray:
        """float32 (2, K, J, I), image and mask."""
        return self.with_mask(self.mask)

    def with_mask(self, mask: np.ndarray) -> np.ndarray:
        """The network's input with another mask, bool (K, J, I), in the contour's place."""
        return np.stack([self.image, mask.astype(np.float32)])


@dataclass(frozen=True, eq=False)
class PatientFacts:
    """What is known of a patient without looking at any reference.

    Attributes:
        member: who.
        values: intensities (K, J, I) as they were read.
        spacing_kji: mm.
        volumes_cc: of the patient's contours in the study.
        dice: mean Dice of these contours, the target of the boosted trees.
    """

    member: Member
    values: np.ndarray
    spacing_kji: tuple[float, float, float]
    volumes_cc: tuple[float, ...]
    dice: float


def eligible(
    library: ContourLibrary, settings: IsakssonSettings, structure: str
) -> dict[str, dict[str, LibraryContour]]:
    """The natural contours that can take part, by patient and network: each network's last stage.

    Patients count where every network has a contour that is not empty.

    Raises:
        SettingError: the library has no contours of these networks.
    """
    found: dict[str, dict[str, LibraryContour]] = {}
    natural = [
        c
        for c in library.contours
        if c.stratum == NATURAL and c.structure == structure and c.kind in settings.networks
    ]
    missing = sorted(set(settings.networks) - {c.kind for c in natural})
    if missing:
        raise SettingError(
            f"{library.folder} has no contours of {structure} by {', '.join(missing)}; build another library."
        )
    last = {n: max(c.stage or 0 for c in natural if c.kind == n) for n in settings.networks}
    for contour in natural:
        fits = contour.stage == last[contour.kind] and contour.threshold == settings.threshold
        if fits and contour.split in settings.splits and contour.volume_cc > 0:
            found.setdefault(contour.patient, {})[contour.kind] = contour
    return {p: own for p, own in sorted(found.items()) if len(own) == len(settings.networks)}


def read_pairs(
    library: ContourLibrary,
    members: Sequence[Member],
    contours: Mapping[str, Mapping[str, LibraryContour]],
    preprocessing: PreprocessingSettings,
    cache: Path | None = None,
    n4_shrink: int = 1,
    say: Say = lambda _: None,
) -> tuple[list[Pair], list[PatientFacts], str]:
    """Every pair of the study, preprocessed as the paper does, patients in their order.

    Returns:
        The pairs; the facts of each patient; a fingerprint of images, references and contours.

    Raises:
        FormatError: a patient's file is missing or damaged.
        OutputError: the cache cannot be written.
    """
    pairs: list[Pair] = []
    facts = []
    digest = hashlib.sha256()
    for number, member in enumerate(members, 1):
        case = library.case(member.patient)
        if number % TOLD_EVERY == 0 or number == len(members):
            say(f"bias field of image {number} of {len(members)}")
        values = corrected(case.values, case.spacing_kji, cache, n4_shrink)
        own = [contours[member.patient][name] for name in member.networks]
        made = [
            _pair(member, contour, case, values, contours[member.patient], preprocessing) for contour in own
        ]
        pairs += made
        facts.append(
            PatientFacts(
                member,
                case.values,
                case.spacing_kji,
                tuple(contour.volume_cc for contour in own),
                float(np.mean([pair.dice for pair in made])),
            )
        )
        digest.update(member.patient.encode())
        digest.update(case.values.astype(np.float32).tobytes())
        for mask in (case.references[own[0].structure], *(case.mask(contour) for contour in own)):
            digest.update(np.packbits(mask).tobytes())
    return pairs, facts, digest.hexdigest()


def _pair(
    member: Member,
    contour: LibraryContour,
    case: LibraryCase,
    values: np.ndarray,
    all_networks: Mapping[str, LibraryContour],
    preprocessing: PreprocessingSettings,
) -> Pair:
    mask, reference = case.mask(contour), case.references[contour.structure]
    probability = case.probability(contour)
    others = [case.mask(other) for name, other in all_networks.items() if name != contour.kind]
    image, cut = prepare_arrays(values, mask, case.spacing_kji, preprocessing)
    _, target = prepare_arrays(values, reference, case.spacing_kji, preprocessing)
    return Pair(
        member.patient,
        member.regime,
        member.fold,
        contour.kind,
        image,
        target >= 0.5,
        cut >= 0.5,
        overlap(reference, mask).dice,
        np.nan if probability is None else expected_dice(probability, mask),
        agreement_dice(mask, others[0]),
        preprocessing.spacing_mm,
    )
