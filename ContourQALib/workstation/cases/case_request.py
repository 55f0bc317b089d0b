"""What the computing process is asked about a case: image, contours, and what else its files say of them."""

from __future__ import annotations

from collections.abc import Sequence

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.errors import ContourQAError
from ContourQALib.quality.verdict import Levels
from ContourQALib.worker_requests import AssessRequest
from ContourQALib.workstation.cases.case_files import CaseFiles


def case_request(
    files: CaseFiles,
    image: Image,
    contours: Sequence[Contour],
    model: str | None,
    levels: Levels,
    second: str = "",
) -> tuple[AssessRequest, tuple[str, ...]]:
    """The request to assess contours of a case with its maps and a second segmentation; blocks.

    A map or a second segmentation that cannot be read does not keep the contours from being assessed. Of
    several maps of one structure the first is taken.

    Args:
        files: of the case; maps and second segmentation are read if they were not yet.
        image: the case's image.
        contours: those to assess, with the names that they have in their files.
        model: a bundled model's name or a model's folder; None for the one that fits.
        levels: accept and reject levels of Dice.
        second: the case's model whose contours are the second segmentation; "" for none.

    Returns:
        The request, and a sentence for each thing that the model is not shown since it cannot be read.
    """
    wanted = {contour.name for contour in contours}
    maps: dict[str, ProbabilityMap] = {}
    seconds: tuple[Contour, ...] = ()
    missing = []
    try:
        for one in files.probabilities():
            if one.name in wanted:
                maps.setdefault(one.name, one)
    except ContourQAError as error:
        missing.append(f"Assessed without probability maps: {error}")
    try:
        seconds = files.model(second)
    except ContourQAError as error:
        missing.append(f"Assessed without the contours of {second}: {error}")
    request = AssessRequest(image, tuple(contours), model, levels, tuple(maps.values()), seconds)
    return request, tuple(missing)
