"""Figures: image slices with contour outlines.

Outlines run at level 0.5 of the mask, halfway between the centers of neighboring voxels (marching squares).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ContourQALib.case import Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.surface import box
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.modality import modality_of
from ContourQALib.report.canvas import WIDTH_INCHES, Picture, blank_figure, literal, to_png
from ContourQALib.report.outlines import LEFT_OUT, TOO_MUCH, Outline
from ContourQALib.report.views import Region, View, choose_views, cut_image, cut_mask, region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
SLICES_OF_ONE = 6
"""Slices along K of a figure with one row of contours: with the other planes two lines of four pictures."""

SLICES_OF_SEVERAL = 3
"""The same where each test contour has a line of its own."""

LEGEND_COLUMNS = 6
LEGEND_HANDLE_INCHES, LEGEND_LETTER_INCHES = 0.55, 0.068
"""Width of a legend entry's line, and of a letter of its size: long file names take wider columns."""
LEGEND_LINE_INCHES = 0.22

CT_WINDOW = (-160.0, 240.0)
"""Soft tissue: width 400, level 40 HU."""

TINT_ALPHA = 0.35
"""Strong enough to be seen on a gray image, weak enough to see the tissue."""

ERROR_ALPHA = 0.75
"""Opacity of a voxel that is certainly wrong; a less certain one is fainter in proportion."""

SEEN_ERROR = 0.08
"""Probabilities below this are not shown: their veil over the whole window says nothing of a place."""

PAPER = "#f3f3f0"
"""Background where there is no image."""


@dataclass(frozen=True)
class Window:
    """Gray scale of an image: black at `low`, white at `high`, and how it was chosen."""

    low: float
    high: float
    text: str


def window(image: Image) -> Window:
    """Soft tissue for HU; for other images the 1st to the 99th percentile of their values."""
    if modality_of(image) == "CT":
        return Window(*CT_WINDOW, "CT soft-tissue window, W 400 L 40 HU")
    low, high = (float(v) for v in np.percentile(image.values, (1, 99)))
    return Window(
        low, high if high > low else low + 1.0, "Gray from the 1st to the 99th percentile of the image"
    )


def assessment_figure(
    contour: Outline,
    grid: Grid,
    image: Image | None,
    suspicious: Sequence[int] = (),
    error: ErrorMap | None = None,
) -> Picture:
    """One contour on its image: slices along K across its extent and the two other planes.

    Args:
        contour: what to outline, its mask on `grid`.
        grid: grid of the mask.
        image: shown below it, on any grid; a plain background without.
        suspicious: zero-based K of slices to show in any case.
        error: where the contour is probably wrong, in a box of `grid`; laid over the image.
    """
    views = choose_views([contour.mask], grid, SLICES_OF_ONE, suspicious)
    return slice_figure([[contour]], grid, views, image, error=error)


def comparison_figure(
    reference: Outline, tests: Sequence[Outline], grid: Grid, image: Image | None
) -> Picture:
    """Reference and test contours on the same slices, over-contoured and missed areas tinted.

    One test takes two lines of four pictures; of several each has a line of its own.
    """
    slices = SLICES_OF_ONE if len(tests) == 1 else SLICES_OF_SEVERAL
    views = choose_views([reference.mask, *(t.mask for t in tests)], grid, slices)
    return slice_figure([[reference, test] for test in tests], grid, views, image, tinted=True)


def slice_figure(
    rows: Sequence[Sequence[Outline]],
    grid: Grid,
    views: Sequence[View],
    image: Image | None = None,
    *,
    tinted: bool = False,
    error: ErrorMap | None = None,
) -> Picture:
    """Pictures of every row's outlines in every view.

    Args:
        rows: the outlines that are drawn together; a single row is broken into lines of `COLUMNS`.
        grid: grid of all masks.
        views: planes and slices to show.
        image: shown below, on any grid.
        tinted: fill where a row's second mask goes beyond its first (its color) and falls short (the
            first one's color).
        error: probability of error, laid over the image in every picture.
    """
    columns = min(COLUMNS, len(views)) if len(rows) == 1 else len(views)
    lines = -(-len(views) // columns) * len(rows)
    cell = WIDTH_INCHES / max(columns, COLUMNS)
    figure = blank_figure(columns * cell, lines * (cell + 0.22) + 0.28 + LEGEND_LINE_INCHES)
    gray = window(image) if image is not None else None
    spans = box(np.logical_or.reduce([outline.mask for row in rows for outline in row]))
    regions = {view.plane: region(view.plane, spans, grid, image) for view in views}
    axes = figure.subplots(lines, columns, squeeze=False).flat
    for row in rows:
        for view in views:
            ax, shown = next(axes), regions[view.plane]
            _draw_picture(ax, view, shown, grid, image, gray)
            ax.set_title(view.title, fontsize=8 if columns <= COLUMNS else 7, pad=3, color="#222222")
            if tinted:
                _tint(ax, row[0], row[1], view, shown)
            if error is not None:
                _veil(ax, error, view, shown)
            for outline in row:
                _draw_outline(ax, outline, view, shown, width=1.5 if columns <= COLUMNS else 1.2)
            _annotate(ax, view, dark=image is not None)
            if len(rows) > 1 and view is views[0]:
                ax.set_ylabel(literal(row[-1].label), fontsize=8, color="#222222")
    for ax in axes:
        ax.set_axis_off()
    legend_lines = _legend(figure, rows, tinted, error is not None)
    height = figure.get_figheight()
    figure.subplots_adjust(
        left=0.02 if len(rows) > 1 else 0.002,
        right=0.998,
        bottom=0.004,
        top=1 - (0.28 + LEGEND_LINE_INCHES * legend_lines) / height,
        wspace=0.03,
        hspace=0.12,
    )
    drawn = ", ".join(f"{o.label} ({o.look.words})" for o in dict.fromkeys(o for row in rows for o in row))
    titles = "; ".join(view.title for view in views)
    caption = "Patient left is on the right of axial and coronal slices; indices are zero-based. "
    caption += "Outlines run halfway between voxel centers."
    caption += f" {gray.text}." if gray is not None else " No image was given."
    if error is not None:
        caption += f" The stronger a tint, the surer the error; below {100 * SEEN_ERROR:g} % there is none."
    return Picture(to_png(figure), f"Slices with the outlines of {drawn}: {titles}.", caption)


def _draw_picture(
    ax: Axes, view: View, shown: Region, grid: Grid, image: Image | None, gray: Window | None
) -> None:
    across_mm, down_mm = view.plane.pixel_mm
    width = (shown.across[1] - shown.across[0]) * across_mm
    height = (shown.down[1] - shown.down[0]) * down_mm
    ax.set_facecolor(PAPER)
    if image is not None and gray is not None:
        pixels = np.ma.masked_invalid(cut_image(image, grid, view, shown))
        ax.imshow(
            pixels,
            cmap="gray",
            vmin=gray.low,
            vmax=gray.high,
            extent=(0, width, height, 0),
            interpolation="bilinear",
        )
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_color("#999999")
        spine.set_linewidth(0.6)
    _scale_bar(ax, width, height, dark=image is not None)


def _draw_outline(ax: Axes, outline: Outline, view: View, shown: Region, width: float) -> None:
    from skimage.measure import find_contours

    across_mm, down_mm = view.plane.pixel_mm
    # One voxel of background around it closes outlines at the picture's edge.
    page = np.pad(cut_mask(outline.mask, view, shown), 1).astype(np.float32)
    for line in find_contours(page, 0.5):
        # Index 1 is the first pixel, whose center lies half a pixel inside the picture.
        ax.plot(
            (line[:, 1] - 0.5) * across_mm,
            (line[:, 0] - 0.5) * down_mm,
            color=outline.look.color,
            linestyle=outline.look.style,
            linewidth=width,
        )


def _tint(ax: Axes, reference: Outline, test: Outline, view: View, shown: Region) -> None:
    from matplotlib.colors import to_rgba

    drawn, true = cut_mask(test.mask, view, shown), cut_mask(reference.mask, view, shown)
    tint = np.zeros((*drawn.shape, 4))
    tint[drawn & ~true] = to_rgba(test.look.color, TINT_ALPHA)
    tint[true & ~drawn] = to_rgba(reference.look.color, TINT_ALPHA)
    (right, left), (bottom, top) = ax.get_xlim()[::-1], ax.get_ylim()
    ax.imshow(tint, extent=(left, right, bottom, top), interpolation="nearest")


def _veil(ax: Axes, error: ErrorMap, view: View, shown: Region) -> None:
    from matplotlib.colors import to_rgb

    view, shown = _in_box(view, shown, error)
    if not 0 <= view.index < error.grid.shape[view.plane.axis]:
        return
    probability = cut_mask(error.probability, view, shown)
    drawn = cut_mask(error.mask, view, shown)
    veil = np.zeros((*drawn.shape, 4))
    veil[drawn, :3], veil[~drawn, :3] = to_rgb(TOO_MUCH.color), to_rgb(LEFT_OUT.color)
    veil[..., 3] = np.where(probability >= SEEN_ERROR, ERROR_ALPHA * probability, 0.0)
    (right, left), (bottom, top) = ax.get_xlim()[::-1], ax.get_ylim()
    ax.imshow(veil, extent=(left, right, bottom, top), interpolation="nearest")


def _in_box(view: View, shown: Region, error: ErrorMap) -> tuple[View, Region]:
    """A view of the image as one of the box that an error map has of it."""
    axis, down, across = (error.corner[a] for a in (view.plane.axis, view.plane.down, view.plane.across))
    moved = Region(
        (shown.down[0] - down, shown.down[1] - down), (shown.across[0] - across, shown.across[1] - across)
    )
    return View(view.plane, view.index - axis), moved


def _annotate(ax: Axes, view: View, *, dark: bool) -> None:
    p = view.plane
    places = (
        (0.02, 0.5, p.left, "left", "center"),
        (0.98, 0.5, p.right, "right", "center"),
        (0.5, 0.98, p.top, "center", "top"),
        (0.5, 0.02, p.bottom, "center", "bottom"),
    )
    color, stroke = _ink(dark)
    for x, y, letter, horizontal, vertical in places:
        ax.text(
            x,
            y,
            letter,
            transform=ax.transAxes,
            ha=horizontal,
            va=vertical,
            fontsize=8,
            color=color,
            path_effects=stroke,
        )


def _scale_bar(ax: Axes, width: float, height: float, *, dark: bool) -> None:
    length = next((n for n in (200, 100, 50, 20, 10, 5, 2, 1) if n <= width / 3), None)
    if length is None:
        return
    color, stroke = _ink(dark)
    x, y = 0.04 * width, 0.95 * height
    ax.plot([x, x + length], [y, y], color=color, linewidth=2, solid_capstyle="butt", path_effects=stroke)
    ax.text(x, y - 0.015 * height, f"{length} mm", fontsize=7, color=color, va="bottom", path_effects=stroke)


def _ink(dark: bool) -> tuple[str, list[Any]]:
    """Color and surrounding of marks that must be read on any gray, or on paper."""
    from matplotlib.patheffects import withStroke

    color, edge = ("white", "black") if dark else ("#444444", "white")
    return color, [withStroke(linewidth=1.5, foreground=edge)]


def _legend(figure: Figure, rows: Sequence[Sequence[Outline]], tinted: bool, veiled: bool) -> int:
    """Draw the legend on top and say how many lines it takes."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    outlines = list(dict.fromkeys(outline for row in rows for outline in row))
    handles: list[Any] = [
        Line2D([], [], color=o.look.color, linestyle=o.look.style, linewidth=1.8, label=literal(o.label))
        for o in outlines
    ]
    if tinted:
        for row in rows:
            label = "over-contoured" + (f" ({row[1].label})" if len(rows) > 1 else "")
            handles.append(
                Patch(color=row[1].look.color, alpha=TINT_ALPHA, linewidth=0, label=literal(label))
            )
        handles.append(Patch(color=rows[0][0].look.color, alpha=TINT_ALPHA, linewidth=0, label="missed"))
    if veiled:
        for look, label in ((TOO_MUCH, "probably too much"), (LEFT_OUT, "probably left out")):
            handles.append(Patch(color=look.color, alpha=ERROR_ALPHA, linewidth=0, label=label))
    longest = max(len(handle.get_label()) for handle in handles)
    fitting = int(figure.get_figwidth() / (LEGEND_HANDLE_INCHES + LEGEND_LETTER_INCHES * longest))
    columns = max(1, min(len(handles), LEGEND_COLUMNS, fitting))
    figure.legend(handles=handles, loc="upper left", ncols=columns, fontsize=8.5, frameon=False)
    return -(-len(handles) // columns)
