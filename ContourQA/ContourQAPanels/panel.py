"""Panel: what every tab does alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    from ContourQAPanels.session import Session


class Panel:
    """A tab; what it shows is brought up to date as a whole, in `_update`.

    Args:
        session: what the panels share.
        widget: the tab's widget.
        ui: its child widgets.
    """

    def __init__(self, session: Session, widget: Any, ui: Any) -> None:
        self.session, self.widget, self.ui = session, widget, ui
        self._updating = False

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
        """Bring everything up to date; each panel has its own."""
        raise NotImplementedError


class BoundPanel(Panel):
    """A tab with a .ui file of its own, whose widgets are bound to the parameter node.

    Args:
        session: what the panels share.
        uiFile: the .ui file below the module's Resources.
    """

    def __init__(self, session: Session, uiFile: str) -> None:
        widget = slicer.util.loadUI(session.resourcePath(uiFile))
        super().__init__(session, widget, slicer.util.childWidgetVariables(widget))
        self.widget.setMRMLScene(session.scene)
        self._guiTag: Any = None
        self._bound: Any = None

    def setParameterNode(self, parameterNode: Any) -> None:
        """Use another parameter node; None while there is no scene."""
        if self._bound is not None and self._guiTag is not None:
            self._bound.disconnectGui(self._guiTag)
        self._bound, self._guiTag = parameterNode, None
        if parameterNode is not None:
            self._guiTag = parameterNode.connectGui(self.ui)
        self.updateFromNodes()
