"""Volumes of a cohort, case by case: profiles and relative errors (Geng 2024, figure 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ContourQALib.report.canvas import WIDTH_INCHES, Picture, blank_figure, literal, to_png
from ContourQALib.report.cohort_looks import CHART_REFERENCE, MARKERS, chart_looks
from ContourQALib.report.cohort_panels import FAINT, INK, Panel, dress, letter, reach, short
from ContourQALib.report.outlines import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_IN_ORDER = 200
"""Cases that are shown in the manifest's order as lines and bars; more are points, sorted by volume."""

MOST_NAMED = 60
"""Names of cases that fit below an axis."""

LEAST_ROOM = 10
"""Cases for which an axis has room at least."""

MOST_MARKED = 80
"""Cases up to which the lines have markers."""

GROUP = 0.8
"""Share of a case's room that its bars take together."""

MOST_LISTED = 5
"""Cases without a value that a caption names."""

PANEL_INCHES, HEAD_INCHES, AXIS_INCHES, LEGEND_INCHES, NAME_INCHES = 2.9, 0.34, 0.36, 0.3, 0.07
"""Heights of a panel, of the room above and below it, of the legend, and of a letter of a case's name."""


def volume_picture(structure: str, panels: Sequence[Panel], *, several: bool = False) -> Picture:
    """Volume of reference and models in every case, and each model's signed relative error as bars.

    Args:
        structure: its name.
        panels: one a dataset.
        several: whether panels get letters.
    """
    models = panels[0].results.models
    looks = chart_looks(models)
    heights = [HEAD_INCHES + PANEL_INCHES + AXIS_INCHES + _name_room(panel) for panel in panels]
    height = LEGEND_INCHES + sum(heights)
    figure = blank_figure(WIDTH_INCHES, height)
    for place, panel in enumerate(panels):
        top = height - LEGEND_INCHES - HEAD_INCHES - sum(heights[:place])
        grid = figure.add_gridspec(
            2,
            1,
            left=0.075,
            right=0.985,
            top=top / height,
            bottom=(top - PANEL_INCHES) / height,
            height_ratios=(3, 2),
            hspace=0.12,
        )
        profile = figure.add_subplot(grid[0])
        errors = figure.add_subplot(grid[1], sharex=profile)
        order = _order(panel)
        _draw_profile(profile, panel, order, looks)
        _draw_errors(errors, panel, order, looks)
        _name_cases(errors, panel, order)
        profile.tick_params(labelbottom=False)
        figure.align_ylabels([profile, errors])
        letter(figure, profile, place, panel, several)
        if not place:
            handles, names = profile.get_legend_handles_labels()
            handles, names = [handles[-1], *handles[:-1]], [names[-1], *names[:-1]]
            figure.legend(handles, names, loc="upper left", ncols=len(names), fontsize=8.5, frameon=False)
    drawn = ", ".join(f"{model} ({look.name})" for model, look in zip(models, looks, strict=True))
    where = ", ".join(panel.title for panel in panels if panel.title)
    alt = f"Volumes of {structure} case by case" + (f" on {where}" if where else "")
    alt += f": reference (black), {drawn}; and their relative errors."
    return Picture(to_png(figure), alt, _caption(panels))


def _order(panel: Panel) -> np.ndarray:
    """Places of the cases from left to right: the manifest's order, or by reference volume."""
    if panel.rows.size <= MOST_IN_ORDER:
        return np.arange(panel.rows.size)
    return np.argsort(panel.results.volume_reference_cc[panel.rows], kind="stable")


def _draw_profile(ax: Axes, panel: Panel, order: np.ndarray, looks: Sequence[Look]) -> None:
    places = np.arange(order.size)
    reference = panel.results.volume_reference_cc[panel.rows][order]
    volumes = panel.values("volume_cc")[order]
    many = order.size > MOST_IN_ORDER
    marked = order.size <= MOST_MARKED
    for n, (model, look) in enumerate(zip(panel.results.models, looks, strict=True)):
        ax.plot(
            places,
            _finite(volumes[:, n]),
            color=look.color,
            linestyle="" if many else look.style,
            linewidth=1.5,
            marker=MARKERS[n % len(MARKERS)] if marked or many else None,
            markersize=2 if many else 3.5,
            label=literal(model),
            zorder=3,
        )
    # Above many points its line must be seen; among few lines it must not hide them.
    ax.plot(
        places,
        _finite(reference),
        color=CHART_REFERENCE.color,
        linewidth=1.8,
        marker="x" if marked else None,
        markersize=4,
        label="reference",
        zorder=4 if many else 2,
    )
    ax.set_ylim(bottom=0)
    ax.set_ylabel("volume, cc", fontsize=8.5)
    dress(ax)


def _draw_errors(ax: Axes, panel: Panel, order: np.ndarray, looks: Sequence[Look]) -> None:
    errors = panel.values("volume_error_percent")[order]
    count, models = errors.shape
    limit = reach(errors)
    beyond = int((np.abs(errors) > limit).sum())
    width = GROUP / models
    for n, look in enumerate(looks):
        places = np.arange(count) + width * (n - (models - 1) / 2)
        values = errors[:, n]
        defined = np.isfinite(values)
        if count > MOST_IN_ORDER:
            ax.plot(np.arange(count), _finite(values), ".", markersize=2, color=look.color, zorder=3)
        else:
            ax.bar(places[defined], values[defined], width * 0.92, color=look.color, zorder=3)
        if not defined.all():
            ax.plot(
                places[~defined],
                np.zeros(int((~defined).sum())),
                "x",
                color=look.color,
                markersize=4.5,
                markeredgewidth=1.3,
                zorder=4,
            )
    ax.axhline(0, color=INK, linewidth=0.8, zorder=2)
    ax.set_ylim(*_ends(errors, limit))
    if beyond:
        most = errors[np.isfinite(errors)]
        ax.text(
            0.995,
            0.97,
            f"cut off: {beyond} of {np.isfinite(errors).sum()}, up to {most[np.abs(most).argmax()]:+.0f} %",
            transform=ax.transAxes,
            fontsize=7,
            color=FAINT,
            ha="right",
            va="top",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
    ax.set_ylabel("volume error, %", fontsize=8.5)
    dress(ax)


def _ends(errors: np.ndarray, limit: float) -> tuple[float, float]:
    """Where the axis of the errors ends: zero is always on it."""
    shown = np.clip(errors[np.isfinite(errors)], -limit, limit)
    lowest, highest = min(shown.min(initial=0.0), 0.0), max(shown.max(initial=0.0), 0.0)
    room = 0.1 * (highest - lowest) or 1.0
    return float(lowest - room), float(highest + room)


def _name_cases(ax: Axes, panel: Panel, order: np.ndarray) -> None:
    count = order.size
    spare = max(0.0, (LEAST_ROOM - count) / 2)  # the bars of a single case shall not fill the page
    ax.set_xlim(-0.6 - spare, count - 0.4 + spare)
    if count > MOST_IN_ORDER:
        ax.set_xlabel("cases, sorted by the reference's volume", fontsize=8.5)
        return
    step = -(-count // MOST_NAMED)
    named = order[::step]
    names = [short(panel.cases[n]) for n in named]
    turned = _turned(panel)
    ax.set_xticks(np.arange(count)[::step], names, rotation=90 if turned else 0, fontsize=7)
    words = "case" if step == 1 else f"case, one in {step} named"
    ax.set_xlabel(words, fontsize=8.5)


def _turned(panel: Panel) -> bool:
    """Whether the names of the cases stand upright."""
    shown = min(panel.rows.size, MOST_NAMED)
    longest = max(len(short(name)) for name in panel.cases)
    return longest * shown > 130  # letters that fit side by side


def _name_room(panel: Panel) -> float:
    if panel.rows.size > MOST_IN_ORDER:
        return 0.1
    if not _turned(panel):
        return 0.12
    return NAME_INCHES * max(len(short(name)) for name in panel.cases)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def _caption(panels: Sequence[Panel]) -> str:
    told = ["Signed relative error against the reference; positive is over-contoured."]
    if any(panel.rows.size > MOST_IN_ORDER for panel in panels):
        told.append(f"More than {MOST_IN_ORDER} cases are sorted by the reference's volume.")
    for panel in panels:
        where = f"On {panel.title}, " if panel.title else ""
        columns = [("the reference's volume", panel.results.volume_reference_cc[panel.rows])]
        columns += [
            (f"{model}'s volume error", panel.values("volume_error_percent")[:, n])
            for n, model in enumerate(panel.results.models)
        ]
        for what, values in columns:
            lost = [case for case, v in zip(panel.cases, values, strict=True) if not np.isfinite(v)]
            if lost:
                listed = ", ".join(lost[:MOST_LISTED])
                listed += f" and {len(lost) - MOST_LISTED} more" if len(lost) > MOST_LISTED else ""
                words = f"{where}{what} is undefined (a gap, marked by ×) in {len(lost)} of {panel.rows.size}"
                told.append(f"{words[0].upper()}{words[1:]}: {listed}.")
    return " ".join(told)
