"""Panel: what every tab with a .ui file of its own does alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    from ContourQAPanels.session import Session


class Panel:
    """A tab whose widgets are bound to the parameter node; what it shows is brought up to date as a whole.

    Args:
        session: what the panels share.
        uiFile: the .ui file below the module's Resources.
    """

    def __init__(self, session: Session, uiFile: str) -> None:
        self.session = session
        self.widget = slicer.util.loadUI(session.resourcePath(uiFile))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.widget.setMRMLScene(session.scene)
        self._guiTag: Any = None
        self._bound: Any = None
        self._updating = False

    def setParameterNode(self, parameterNode: Any) -> None:
        """Use another parameter node; None while there is no scene."""
        if self._bound is not None and self._guiTag is not None:
            self._bound.disconnectGui(self._guiTag)
        self._bound, self._guiTag = parameterNode, None
        if parameterNode is not None:
            self._guiTag = parameterNode.connectGui(self.ui)
        self.updateFromNodes()

    def updateFromNodes(self) -> None:
        """Bring the panel up to date with results and parameter node; called at each change."""
        if self._updating:
            return
        self._updating = True
        try:
            self._update()
        finally:
            self._updating = False

    def enter(self) -> None:
        """The module was opened."""
        self.updateFromNodes()

    def exit(self) -> None:
        """Another module was opened; what was begun goes on."""

    def _update(self) -> None:
        raise NotImplementedError
