"""Everything that predicts a test contour's Dice in one fold: the network, and what stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from contourqa_training.isaksson.battery import BatteryCase
from contourqa_training.isaksson.boosted_trees import TreeSettings, fit_trees, predict_trees
from contourqa_training.isaksson.fold import TrainedFold
from contourqa_training.isaksson.pair_batches import PairBatches
from contourqa_training.isaksson.pairs import Pair
from contourqa_training.isaksson.predicting import predict, predict_in_twos, with_fresh_statistics
from contourqa_training.isaksson.preparing import StudyData
from contourqa_training.isaksson.variables import VariableTable
from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.quality.rules import RuleSettings, check_mask

NETWORK, FRESH, IN_TWOS = "network", "network, fresh batch statistics", "network, statistics of twos"
MEDIAN, NAIVE, RULE = "training median", "naive (training mean)", "mask-only rule"
TREES, VOLUME = "boosted trees (CatBoost)", "log-volume regression"
EXPECTED, AGREEMENT = "expected Dice of the map", "agreement with the other network"

NETWORKS = (NETWORK, FRESH, IN_TWOS)
"""The network in one form or another; the first is the paper's."""

REFRESHING_EPOCHS = 2
"""Epochs of training batches behind fresh batch statistics."""

Say = Callable[[str], None]


class FoldPredictors:
    """The predictors of one fold, fitted to its training contours.

    Args:
        number: of the fold.
        data: all contours of the study.
        trained: the fold's network.
        table: the patients' variables.
        trees: parameters of the boosted trees.
        batches: gives the training batches of an epoch.
    """

    def __init__(
        self,
        number: int,
        data: StudyData,
        trained: TrainedFold,
        table: VariableTable,
        trees: TreeSettings,
        batches: Callable[[int], PairBatches],
    ) -> None:
        self.train, self.test = data.train(number), data.test(number)
        self.network = trained.network
        epochs = range(trained.epochs, trained.epochs + REFRESHING_EPOCHS)
        self.fresh = with_fresh_statistics(
            trained.network, (batch for epoch in epochs for batch in _all(batches(epoch)))
        )
        self.true = np.array([pair.dice for pair in self.train])
        volumes = [_contour(pair, pair.mask).volume_cc for pair in self.train]
        self.rules = RuleSettings(volume_range_cc=(min(volumes), max(volumes)), single_part=True)
        self.volume = np.polyfit(np.log(volumes), self.true, 2)
        patients = {pair.patient for pair in self.train}
        chosen = np.flatnonzero([patient in patients for patient in table.patients])
        model = fit_trees(table, chosen, trees, seed=number)
        whole = predict_trees(model, table, np.arange(len(table.patients)))
        self.by_patient = dict(zip(table.patients, whole, strict=True))

    @property
    def median(self) -> float:
        """Median Dice of the training contours."""
        return float(np.median(self.true))

    def natural(self) -> dict[str, np.ndarray]:
        """Every predictor on the test contours (n,)."""
        inputs = [pair.input for pair in self.test]
        volumes = [_contour(pair, pair.mask).volume_cc for pair in self.test]
        return {
            NETWORK: predict(self.network, inputs),
            FRESH: predict(self.fresh, inputs),
            IN_TWOS: predict_in_twos(self.network, inputs),
            **self._simple([(pair, pair.mask) for pair in self.test]),
            VOLUME: np.clip(np.polyval(self.volume, np.log(volumes)), 0, 1),
            EXPECTED: np.array([pair.expected_dice for pair in self.test]),
            AGREEMENT: np.array([pair.agreement for pair in self.test]),
        }

    def on_battery(self, cases: Sequence[BatteryCase]) -> dict[str, np.ndarray]:
        """Predictors on the battery (n,); those that make sense for a contour that is empty or full."""
        inputs = [case.pair.with_mask(case.mask) for case in cases]
        return {
            NETWORK: predict(self.network, inputs),
            FRESH: predict(self.fresh, inputs),
            **self._simple([(case.pair, case.mask) for case in cases]),
        }

    def on_training(self) -> dict[str, np.ndarray]:
        """The network on the contours that it learned from, as they are."""
        inputs = [pair.input for pair in self.train]
        return {
            NETWORK: predict(self.network, inputs),
            FRESH: predict(self.fresh, inputs),
            IN_TWOS: predict_in_twos(self.network, inputs),
        }

    def _simple(self, contours: Sequence[tuple[Pair, np.ndarray]]) -> dict[str, np.ndarray]:
        passes = [self._passes(pair, mask) for pair, mask in contours]
        return {
            MEDIAN: np.full(len(contours), self.median),
            NAIVE: np.full(len(contours), self.true.mean()),
            RULE: np.where(passes, self.median, 0.0),
            TREES: np.array([self.by_patient[pair.patient] for pair, _ in contours]),
        }

    def _passes(self, pair: Pair, mask: np.ndarray) -> bool:
        return not any(finding.failed for finding in check_mask(_contour(pair, mask), self.rules))


def _contour(pair: Pair, mask: np.ndarray) -> Contour:
    return Contour(mask, Grid.for_shape(mask.shape, pair.spacing_kji[::-1]), "contour")


def _all(batches: PairBatches) -> list:
    return [batches[n] for n in range(len(batches))]
