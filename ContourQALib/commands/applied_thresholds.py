"""`contourqa thresholds --apply`: recommended thresholds used on maps that have no reference."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from ContourQALib.case import Image
from ContourQALib.commands.options import Format
from ContourQALib.commands.printing import print_result, progress
from ContourQALib.commands.reading import CaseReading, contours_input, image_input, map_files
from ContourQALib.commands.saving import check_folder, save_applied
from ContourQALib.errors import GeometryError, SettingError, StructureError
from ContourQALib.formats.file_type import stem_of
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.probability import read_probability
from ContourQALib.formats.recommendation import read_recommendation
from ContourQALib.names import match
from ContourQALib.report.applied_records import applied_document, applied_rows
from ContourQALib.report.applied_section import applied_sections
from ContourQALib.report.applied_tables import print_applied
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.wording import FIGURE_TITLES
from ContourQALib.thresholds.applied import AppliedThreshold, Unapplied, apply_threshold
from ContourQALib.thresholds.map_names import MapFile, MapMatch, match_maps
from ContourQALib.thresholds.recommendation import Recommendation


class By(StrEnum):
    """Which figure's recommendation is taken."""

    DICE = "dice"
    MSD = "msd"
    HD = "hd"
    HD95 = "hd95"

    @property
    def figure(self) -> str:
        """The figure's field."""
        return self.value if self is By.DICE else f"{self.value}_mm"


def apply_recommended(
    probability: Sequence[str],
    source: Path,
    by: By,
    wanted: Sequence[str],
    image: Path | None,
    series: str | None,
    form: Format,
    output: Path | None,
) -> None:
    """Cut every map at the threshold that is recommended for its structure, print and save what comes out.

    Args:
        probability: maps as "PATH" or "STRUCTURE=PATH".
        source: the file of recommended thresholds.
        by: which figure's.
        wanted: only these structures; all of the file where empty.
        image: shown below the outlines of the page; the maps themselves without.
        series: which DICOM series of several is the image.
        form: how to print.
        output: folder for the report and the contours.

    Raises:
        ContourQAError: no map is named, a file cannot be read, a structure is not in the file, no map has a
            recommendation, or the folder cannot be written.
    """
    if not probability:
        raise SettingError("Name the maps to cut at the recommended thresholds by --probability.")
    shown = CaseReading(LabelNaming(), series).image(image) if image else None
    advice = read_recommendation(source).by(by.figure)
    found = _matched(map_files(probability, LabelNaming()), advice, source, by, wanted)
    if output is not None:
        check_folder(output)
    applied = _cut(found, advice)
    far = next((one for one in applied if shown and not shown.grid.overlaps(one.grid)), None)
    if far is not None:
        raise GeometryError(
            f"The image {image} and the map {far.probability} have no point in common; name the image of the"
            " same patient, or leave it out."
        )
    lone = [
        Unapplied(one.structure or stem_of(one.path), "probability", str(one.path))
        for one in found.unmatched_maps
    ]
    lone += [Unapplied(name, "recommendation", str(source)) for name in found.unmatched_structures]
    inputs = [contours_input(path) for path in dict.fromkeys(one.path for one, _ in found.pairs)]
    inputs += [image_input(image, shown)] if image and shown else []
    provenance = Provenance.of([source, *inputs], {"by": by.figure, "structures": list(wanted)})
    document = applied_document(applied, by.figure, lone, provenance)
    rows = applied_rows(applied, by.figure)
    if output is not None:
        with progress("Drawing") as tell:
            sections = applied_sections(
                applied,
                by.figure,
                lone,
                lambda one: shown if shown is not None else _map_of(one),
                on_the_map=shown is None,
                progress=tell,
            )
        save_applied(output, sections, document, rows, applied, provenance)
    print_result(
        form,
        table=lambda console: print_applied(console, applied, by.figure, lone),
        document=document,
        rows=rows,
    )


def _matched(
    maps: Sequence[MapFile],
    advice: dict[str, Recommendation],
    source: Path,
    by: By,
    wanted: Sequence[str],
) -> MapMatch:
    """Which recommendation each map takes, by its name: another structure's threshold would look as good."""
    title = FIGURE_TITLES[by.figure]
    if not advice:
        raise StructureError(f"{source} recommends no threshold by {title}; choose another figure by --by.")
    there = ", ".join(advice)
    chosen: list[str] = []
    for name in wanted:
        one = next((known for known in advice if match([known], [name]).pairs), None)
        if one is None:
            raise StructureError(
                f"{source} recommends no threshold by {title} for {name}; it does for {there}."
            )
        chosen.append(one)
    # A structure that the user names himself may be guessed to be that of his map.
    found = match_maps(maps, list(advice), list(dict.fromkeys(chosen)), by_name_alone=not chosen)
    if not found.pairs:
        raise StructureError(
            f"No map is named like a structure that {source} recommends a threshold for by {title} ({there});"
            f" say which with --probability NAME={maps[0].path}."
        )
    return found


def _cut(found: MapMatch, advice: dict[str, Recommendation]) -> list[AppliedThreshold]:
    applied = []
    with progress("Cutting") as report:
        for done, (one, name) in enumerate(found.pairs):
            report(done, len(found.pairs), name)
            values = read_probability(one.path, name, one.segment)
            applied.append(apply_threshold(values, name, advice[name], str(one.path)))
    return applied


def _map_of(one: AppliedThreshold) -> Image:
    values = read_probability(one.probability, one.structure)
    return Image(values.values, values.grid, values.name)
