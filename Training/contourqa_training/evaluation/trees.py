"""BoostedTrees: gradient-boosted oblivious trees; CatBoost fits them, plain numpy reads and applies them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ITERATIONS, DEPTH, LEARNING_RATE = 200, 4, 0.06
"""A hundred kilobytes a figure and stratum: the bundle that carries the trees stays small."""

DIGITS = 6
"""Significant digits of leaf values, whose figures are of the order of one."""


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """A sum of trees; each asks `depth` questions and has a value for each pattern of answers.

    Attributes:
        features: per tree, which variable each question is about, int (trees, depth).
        borders: per tree, what that variable is to exceed, (trees, depth).
        leaves: values, (trees, 2 ** depth); the first question is the lowest bit.
        scale, bias: the prediction is scale * sum + bias.
    """

    features: np.ndarray
    borders: np.ndarray
    leaves: np.ndarray
    scale: float
    bias: float

    @classmethod
    def fit(cls, x: np.ndarray, y: np.ndarray, seed: int = 0, **settings: Any) -> BoostedTrees:
        """Fit trees that minimize the mean absolute error.

        Args:
            x: variables (n, variables).
            y: (n,).
            seed: of CatBoost.
            settings: further ones of CatBoostRegressor, over our defaults.
        """
        from catboost import CatBoostRegressor

        chosen = {"iterations": ITERATIONS, "depth": DEPTH, "learning_rate": LEARNING_RATE} | settings
        model = CatBoostRegressor(
            loss_function="MAE",
            random_seed=seed,
            thread_count=1,
            verbose=False,
            allow_writing_files=False,
            **chosen,
        )
        if np.ptp(y) == 0:  # CatBoost refuses a constant target
            return cls.constant(float(y[0]))
        model.fit(x, y)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trees.json"
            model.save_model(str(path), format="json")
            return cls.from_record(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def constant(cls, value: float) -> BoostedTrees:
        """Trees without a question."""
        return cls(np.zeros((0, 0), int), np.zeros((0, 0)), np.zeros((0, 1)), 1.0, value)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Predictions (n,) for variables (n, variables)."""
        total = np.zeros(len(x))
        # CatBoost compares in float32.
        values = np.asarray(x, np.float32)
        for features, borders, leaves in zip(self.features, self.borders, self.leaves, strict=True):
            answers = values[:, features] > borders.astype(np.float32)
            total += leaves[answers @ (1 << np.arange(len(features)))]
        return self.scale * total + self.bias

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> BoostedTrees:
        """Trees from CatBoost's JSON export, or from `record`."""
        index = {
            entry["feature_index"]: entry["flat_feature_index"]
            for entry in record.get("features_info", {}).get("float_features", [])
        }
        trees = record["oblivious_trees"]
        depth = max((len(tree.get("splits") or []) for tree in trees), default=0)
        features, borders = np.zeros((len(trees), depth), int), np.full((len(trees), depth), np.inf)
        leaves = np.zeros((len(trees), 1 << depth))
        for n, tree in enumerate(trees):
            splits = tree.get("splits") or []
            for place, split in enumerate(splits):
                number = int(split["float_feature_index"])
                features[n, place] = index.get(number, number)
                borders[n, place] = split["border"]
            # An unasked question (border infinite) is answered by no: the leaves above are never reached.
            leaves[n, : 1 << len(splits)] = tree["leaf_values"]
        scale, bias = record["scale_and_bias"]
        return cls(features, borders, leaves, float(scale), float(np.ravel(bias)[0]))

    def record(self) -> dict[str, Any]:
        """The part of CatBoost's JSON that a prediction needs."""
        trees = []
        for features, borders, leaves in zip(self.features, self.borders, self.leaves, strict=True):
            asked = np.isfinite(borders)
            splits = [
                {"float_feature_index": int(f), "border": float(b)}
                for f, b in zip(features[asked], borders[asked], strict=True)
            ]
            values = [float(f"{value:.{DIGITS}g}") for value in leaves[: 1 << len(splits)]]
            trees.append({"splits": splits, "leaf_values": values})
        return {"oblivious_trees": trees, "scale_and_bias": [self.scale, [self.bias]]}
