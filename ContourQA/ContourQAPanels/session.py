"""Session: what the panels share while the module lives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ContourQAPanels.task_runner import TaskRunner

if TYPE_CHECKING:
    from ContourQALib.case import Image
    from ContourQALib.quality.assessment import Assessment
    from ContourQAPanels.assessed import Assessed

RESOURCES = Path(__file__).resolve().parents[1] / "Resources"

KEPT_IMAGES = 3
"""Volumes whose image is kept: the one assessed, one of a comparison, and the one before."""


class Session:
    """Scene, parameter node, logic, tasks, and the last results.

    Attributes:
        scene: the MRML scene.
        logic: the module's logic.
        tasks: runs long work.
        parameterNode: the typed parameter node; None while the scene is closed.
        assessed: the last assessment with the contours it is of; None at first and for other inputs.
        compared: the last Compared of the compare panel.
        swept: the last Swept of the threshold panel.
    """

    def __init__(
        self, scene: Any, logic: Any, tasks: TaskRunner, showMessage: Callable[[str, str], None]
    ) -> None:
        self.scene = scene
        self.logic = logic
        self.tasks = tasks
        self.parameterNode: Any = None
        self.assessed: Assessed | None = None
        self.compared: Any = None
        self.swept: Any = None
        self._showMessage = showMessage
        self._images: dict[str, tuple[tuple[int, ...], Image]] = {}

    @property
    def assessment(self) -> Assessment | None:
        """The last assessment."""
        return self.assessed.assessment if self.assessed is not None else None

    def showMessage(self, text: str, kind: str = "info") -> None:
        """Show one sentence in the message area, never modal; "" clears it.

        Args:
            text: the sentence.
            kind: "info", "warning" or "error".
        """
        self._showMessage(text, kind)

    def resourcePath(self, name: str) -> str:
        """Path of a file below the module's Resources folder."""
        return str(RESOURCES / name)

    def live(self, node: Any) -> Any:
        """The node itself while it is in the scene, else None: a reference may outlive its node."""
        return node if node is not None and node.GetScene() is self.scene else None

    def imageOf(self, volumeNode: Any) -> Image:
        """The image of a volume, the same object as long as voxels and geometry stay as they are.

        The worker gets the voxels of an image object only once.

        Raises:
            ContourQAError: the volume cannot be used (see `mrml.volumes.image_of`).
        """
        from ContourQALib.mrml.volumes import image_of

        key, state = volumeNode.GetID(), _state(volumeNode)
        if key in self._images and self._images[key][0] == state:
            self._images[key] = self._images.pop(key)
        else:
            self._images.pop(key, None)
            self._images[key] = state, image_of(volumeNode)
            while len(self._images) > KEPT_IMAGES:
                del self._images[next(iter(self._images))]
        return self._images[key][1]

    def forget(self) -> None:
        """Let go of results and images, as when the scene is closed."""
        self.assessed = self.compared = self.swept = None
        self._images.clear()


def _state(volumeNode: Any) -> tuple[int, ...]:
    """Changes whenever voxels, geometry or the transform above the volume change.

    The node's own time would change with its display and name; the matrix is a value, so its hash tells it.
    """
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    elements = tuple(matrix.GetElement(row, column) for row in range(4) for column in range(4))
    imageData, transform = volumeNode.GetImageData(), volumeNode.GetParentTransformNode()
    return (
        imageData.GetMTime() if imageData else 0,
        hash(elements),
        transform.GetTransformToWorldMTime() if transform else 0,
        hash(transform.GetID()) if transform else 0,
    )
