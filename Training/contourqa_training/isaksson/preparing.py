"""What a study starts from: its patients drawn from a library, preprocessed, and its folds trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contourqa_training.isaksson.cohort import Member, draw_cohort
from contourqa_training.isaksson.config import IsakssonConfig
from contourqa_training.isaksson.fold import TrainedFold, train_fold
from contourqa_training.isaksson.pairs import Pair, PatientFacts, eligible, read_pairs
from contourqa_training.library import ContourLibrary

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class StudyData:
    """The study's contours.

    Attributes:
        members: the patients.
        pairs: their contours, preprocessed.
        facts: what is known of each patient without a reference.
        fingerprint: of images, references and contours.
    """

    members: tuple[Member, ...]
    pairs: list[Pair]
    facts: list[PatientFacts]
    fingerprint: str

    def train(self, fold: int) -> list[Pair]:
        """The pairs that a fold learns from."""
        return [pair for pair in self.pairs if pair.fold != fold]

    def test(self, fold: int) -> list[Pair]:
        """The pairs that a fold is tested on."""
        return [pair for pair in self.pairs if pair.fold == fold]


def prepare(
    config: IsakssonConfig, folder: Path, cache: Path | None = None, say: Say = lambda _: None
) -> StudyData:
    """Draw the patients from a library and preprocess their pairs.

    Args:
        config: whom.
        folder: of the library.
        cache: where corrected images are kept.
        say: told what is being done.

    Raises:
        FormatError: there is no library, or it is damaged.
        SettingError: it has too few natural contours.
        OutputError: the cache cannot be written.
    """
    library = ContourLibrary.open(folder)
    contours = eligible(library, config.study, config.quality.model.structure)
    regimes = {patient: library.case(patient).regime for patient in contours}
    members = draw_cohort(regimes, config.study)
    pairs, facts, fingerprint = read_pairs(
        library, members, contours, config.quality.preprocessing, cache, config.study.n4_shrink, say
    )
    return StudyData(members, pairs, facts, fingerprint)


def train_folds(
    config: IsakssonConfig,
    data: StudyData,
    runs: Path,
    *,
    threads: int | None = None,
    progress: bool = True,
    say: Say = lambda _: None,
) -> Mapping[int, TrainedFold]:
    """Train the folds of the configuration that are not trained yet, one after the other.

    Raises:
        SettingError: a run of another configuration or of other data lies in `runs`.
        OutputError: it cannot be written.
    """
    shape = {part: value for part, value in config.record().items() if part != "study"}
    folds = {member.patient: member.fold for member in data.members}
    identity = {
        "config": shape,
        "data": data.fingerprint,
        "folds": folds,
        "n4_shrink": config.study.n4_shrink,
    }
    trained = {}
    for number in config.study.trained_folds:
        say(f"fold {number}: {len(data.train(number))} contours to learn from, {config.study.epochs} epochs")
        trained[number] = train_fold(
            data.pairs,
            number,
            config.quality,
            runs / f"fold-{number}",
            identity,
            threads=threads,
            progress=progress,
        )
    return trained
