"""Color tables of ours in a scene: each is made once and found again by its mark."""

from __future__ import annotations

from typing import Any

import numpy as np


def color_table(scene: Any, name: str, mark: str, colors: np.ndarray, labels: np.ndarray) -> Any:
    """A color table of the scene that carries a mark; added where there is none.

    Args:
        scene: the MRML scene.
        name: of the node, as users see it.
        mark: attribute by which it is found again, also in a scene that was loaded.
        colors: (n, 3) red, green and blue in [0, 1].
        labels: (n,) the values that the colors stand for, their names to two digits.

    Returns:
        The vtkMRMLColorTableNode.
    """
    nodes = scene.GetNodesByClass("vtkMRMLColorTableNode")
    nodes.UnRegister(None)
    for number in range(nodes.GetNumberOfItems()):
        if nodes.GetItemAsObject(number).GetAttribute(mark):
            return nodes.GetItemAsObject(number)
    node = scene.CreateNodeByClass("vtkMRMLColorTableNode")
    node.UnRegister(None)
    node.SetName(name)
    node.SetAttribute(mark, "1")
    node.SetTypeToUser()
    node.SetNumberOfColors(len(colors))
    for index, (color, label) in enumerate(zip(colors, labels, strict=True)):
        node.SetColor(index, f"{label:.2f}", *(float(channel) for channel in color), 1.0)
    return scene.AddNode(node)
