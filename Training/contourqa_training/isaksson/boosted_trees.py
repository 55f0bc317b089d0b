"""The paper's baseline: boosted trees on case variables, searched by Optuna, cross-validated repeatedly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from contourqa_training.isaksson.variables import VariableTable
from ContourQALib.errors import SettingError

if TYPE_CHECKING:
    from catboost import CatBoostRegressor
    from optuna import Trial

FOLDS = 5

MOST_TREES, DEEPEST = 256, 6
LEAF_PENALTIES, STRENGTHS = (1e-3, 10.0), (0.1, 3.0)
"""Table 1 of the paper: 1 to 256 trees of depth 1 to 6; both ranges are searched on a logarithmic scale."""

FINAL_SEED = 10_000
"""Sets the final cross-validations apart from those of the search."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class TreeSettings:
    """The searched parameters of CatBoost, by its own names."""

    n_estimators: int
    max_depth: int
    l2_leaf_reg: float
    random_strength: float

    @classmethod
    def suggested(cls, trial: Trial) -> TreeSettings:
        """A point of Table 1."""
        return cls(
            trial.suggest_int("n_estimators", 1, MOST_TREES),
            trial.suggest_int("max_depth", 1, DEEPEST),
            trial.suggest_float("l2_leaf_reg", *LEAF_PENALTIES, log=True),
            trial.suggest_float("random_strength", *STRENGTHS, log=True),
        )


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Repeated random five-fold cross-validations.

    Attributes:
        dice: targets (n,).
        predicted: out-of-fold predictions of the trees (repeats, n).
        naive: those of the mean of each training part (repeats, n).
        importances: CatBoost's feature importances, percent, (repeats * folds, variables).
    """

    dice: np.ndarray
    predicted: np.ndarray
    naive: np.ndarray
    importances: np.ndarray

    @property
    def maes(self) -> np.ndarray:
        """Mean absolute error of the trees in each repeat (repeats,)."""
        return np.asarray(np.abs(self.predicted - self.dice).mean(axis=1))

    @property
    def naive_maes(self) -> np.ndarray:
        """The same of the naive baseline."""
        return np.asarray(np.abs(self.naive - self.dice).mean(axis=1))

    @property
    def correlations(self) -> np.ndarray:
        """Rank correlation in each repeat; nan where all predictions are equal."""
        from scipy.stats import spearmanr

        return np.array([spearmanr(p, self.dice).statistic if np.ptp(p) else np.nan for p in self.predicted])


@dataclass(frozen=True)
class SearchedTrees:
    """What the search found.

    Attributes:
        best: the parameters.
        mae: their mean absolute error over the search's cross-validations.
        trials: every parameter set with its mean absolute error, in the order tried.
    """

    best: TreeSettings
    mae: float
    trials: tuple[dict[str, Any], ...]


def search_trees(
    table: VariableTable, steps: int, repeats: int, seed: int, say: Say = lambda _: None
) -> SearchedTrees:
    """Search the paper's parameter space by Optuna's default sampler (TPE), seeded.

    Args:
        table: variables and targets.
        steps: parameter sets tried.
        repeats: random cross-validations that judge each; the same for all.
        seed: of sampler, folds and trees.
        say: told how far it is.

    Raises:
        SettingError: fewer than ten patients, or a Dice that is the same for all.
    """
    import optuna

    _check(table)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    tried: list[dict[str, Any]] = []

    def error(trial: Trial) -> float:
        settings = TreeSettings.suggested(trial)
        mae = float(cross_validate(table, settings, repeats, seed).maes.mean())
        tried.append({"trial": trial.number, **asdict(settings), "mae": mae})
        if len(tried) % 8 == 0:
            say(f"boosted trees: {len(tried)} of {steps} parameter sets")
        return mae

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(error, n_trials=steps)
    return SearchedTrees(TreeSettings(**study.best_params), float(study.best_value), tuple(tried))


def cross_validate(table: VariableTable, settings: TreeSettings, repeats: int, seed: int) -> CrossValidation:
    """Random five-fold cross-validations, each repeat with folds of its own.

    Raises:
        SettingError: fewer than ten patients, or a Dice that is the same for all.
    """
    _check(table)
    n = len(table.dice)
    predicted, naive = np.empty((repeats, n)), np.empty((repeats, n))
    importances = []
    for repeat in range(repeats):
        for test in _folds(n, seed, repeat):
            train = np.setdiff1d(np.arange(n), test)
            model = fit_trees(table, train, settings, seed + repeat)
            predicted[repeat, test] = predict_trees(model, table, test)
            naive[repeat, test] = table.dice[train].mean()
            importances.append(model.get_feature_importance())
    return CrossValidation(table.dice, predicted, naive, np.array(importances))


def fit_trees(
    table: VariableTable, chosen: np.ndarray, settings: TreeSettings, seed: int
) -> CatBoostRegressor:
    """CatBoost fitted to some rows of a table; everything that is not searched is its default."""
    from catboost import CatBoostRegressor

    model = CatBoostRegressor(
        **asdict(settings),
        cat_features=table.words,
        random_seed=seed,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )
    rows = [list(table.rows[n]) for n in chosen]
    return model.fit(rows, table.dice[chosen])


def predict_trees(model: CatBoostRegressor, table: VariableTable, chosen: np.ndarray) -> np.ndarray:
    """Predicted Dice (n,) of some rows of a table."""
    return np.asarray(model.predict([list(table.rows[n]) for n in chosen]))


def _folds(n: int, seed: int, repeat: int) -> Iterator[np.ndarray]:
    order = np.random.default_rng((seed, repeat)).permutation(n)
    yield from np.array_split(order, FOLDS)


def _check(table: VariableTable) -> None:
    if len(table.dice) < 2 * FOLDS:
        raise SettingError(
            f"Boosted trees need at least {2 * FOLDS} patients, not {len(table.dice)}; add patients."
        )
    if np.ptp(table.dice) == 0:
        raise SettingError("Every patient has the same Dice, so that there is nothing to learn.")
