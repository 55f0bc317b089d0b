"""Views that draw on the server and are sent to the browser as pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trame_slicer.rca_view import RemoteViewFactory
from trame_slicer.views import AbstractView, SliceView, ThreeDView, ViewType
from trame_slicer.views.render_scheduler import NoScheduleRendering

from ContourQALib.workstation.views.arrangements import THREE_D
from ContourQALib.workstation.views.turns import PoliteRendering, Turns

FOCUSED_FPS = 30.0
OTHERS_FPS = 15.0
"""Most pictures a second of the view below the mouse, and of the others."""

QUALITY = 90
"""Of every picture, as JPEG. By default trame draws twice, in low quality at once and in high quality a
little later; to draw takes far longer than to encode and send the better picture."""

PATIENCE_3D_S = 0.25
"""Surfaces do not change with the slices: the 3D view is drawn when the slice views have come to rest."""

ViewUi = Callable[[Any, str, AbstractView], None]
"""Draws the controls over a view, given the server, the view's name in the page and the view."""


def register_views(
    view_manager: Any, server: Any, slice_ui: ViewUi, three_d_ui: ViewUi, is_seen: Callable[[str], bool]
) -> None:
    """Let a view manager make slice views and 3D views for a server.

    As trame-slicer's `register_rca_factories`, but for what a machine without GPU cannot afford: views are
    not drawn while they are built (some 240 pictures, two seconds) nor while they are hidden, each change is
    drawn once, there is no multisampling, and translucent surfaces are not peeled.

    Args:
        view_manager: trame-slicer's.
        server: the trame server.
        slice_ui: draws the controls over a slice view.
        three_d_ui: draws those over a 3D view.
        is_seen: whether the page shows the view of a name.
    """
    turns = Turns()
    for kind, make, ui in (
        (ViewType.SLICE_VIEW, _slice_view, slice_ui),
        (ViewType.THREE_D_VIEW, _three_d_view, three_d_ui),
    ):
        view_manager.register_factory(
            _Factory(
                turns,
                is_seen,
                server,
                make,
                kind,
                populate_view_ui_f=ui,
                target_fps=FOCUSED_FPS,
                blur_fps=OTHERS_FPS,
            )
        )


class _Factory(RemoteViewFactory):
    """Makes views that take turns."""

    def __init__(
        self, turns: Turns, is_seen: Callable[[str], bool], *arguments: Any, **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self._turns, self._is_seen = turns, is_seen

    def create_view(self, view: Any, scene: Any, app_logic: Any) -> AbstractView:
        made = super().create_view(view, scene, app_logic)
        name = view.singleton_tag
        adapter = self.get_factory_view(name).view_adapter
        adapter.update_quality(interactive=QUALITY, still=QUALITY)
        rendering = PoliteRendering(
            self._turns,
            adapter.schedule_render,
            lambda: self._is_seen(name),
            PATIENCE_3D_S if name == THREE_D else 0.0,
        )
        made.set_scheduled_render(rendering)
        made.render_window().AddObserver("EndEvent", rendering.drawn)
        made.modified.connect(rendering.hurry)
        return made


def _slice_view(**place: Any) -> SliceView:
    view = SliceView(scheduled_render_strategy=NoScheduleRendering(), **place)
    view.render_window().SetMultiSamples(0)
    return view


def _three_d_view(**place: Any) -> ThreeDView:
    view = ThreeDView(scheduled_render_strategy=NoScheduleRendering(), **place)
    view.render_window().SetMultiSamples(0)
    view.renderer().SetUseDepthPeeling(False)
    view.renderer().SetUseDepthPeelingForVolumes(False)
    view.get_view_node().SetUseDepthPeeling(False)
    return view
