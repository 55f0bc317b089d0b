"""ViewArea: the part of the page with the views, and the line above them."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import ACCENT, testid
from ContourQALib.workstation.views.arrangements import LAYOUT_TITLES, LAYOUTS
from ContourQALib.workstation.views.case_surfaces import CaseSurfaces
from ContourQALib.workstation.views.mouse import HELP
from ContourQALib.workstation.views.view_controls import ViewControls


class ViewArea:
    """The four views as the page shows them, with the surfaces of the open case.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session, self._views = session, session.views
        self.controls = ViewControls(session.views, session.server)
        self.surfaces = CaseSurfaces(session)
        session.page_changed.connect(self._on_page)

    def build(self, layout: Any) -> None:
        """Make the widgets, inside the container that is open.

        Args:
            layout: the page's layout.
        """
        self._on_page(self._session.page)
        with html.Div(classes="cqa-view-line"):
            for name, icon in LAYOUTS.items():
                v3.VBtn(
                    icon=icon,
                    size="x-small",
                    variant="text",
                    title=LAYOUT_TITLES[name],
                    color=(f"views_layout === '{name}' ? '{ACCENT}' : undefined",),
                    click=(self._views.arrange, f"['{name}']"),
                    **testid(f"views-{name.lower().replace(' ', '-')}"),
                )
            v3.VBtn(
                icon="mdi-fit-to-page-outline",
                size="x-small",
                variant="text",
                title="Fit every view",
                click=self.controls.fit,
                **testid("views-fit"),
            )
            v3.VSpacer()
            html.Span(
                "{{ views_window }}",
                title="Window and level: Ctrl + left drag changes them",
                classes="cqa-muted cqa-view-window",
                **testid("views-window"),
            )
            self._help()
        with html.Div(classes="cqa-view-grid"):
            self._views.build(layout)

    def _on_page(self, page: str) -> None:
        self._views.set_visible(page in (self._session.state.shell_views or ()))

    @staticmethod
    def _help() -> None:
        with v3.VMenu(location="bottom end", open_on_hover=False):
            with v3.Template(v_slot_activator="{ props }"):
                v3.VBtn(
                    icon="mdi-mouse",
                    size="x-small",
                    variant="text",
                    title="What mouse and keys do here",
                    v_bind="props",
                    **testid("views-help"),
                )
            with v3.VCard(classes="cqa-view-help", **testid("views-help-list")), html.Dl():
                for gesture, does in HELP:
                    html.Dt(gesture)
                    html.Dd(does)
