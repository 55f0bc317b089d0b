"""Shell: what stands around every page: bar, tabs, the places of pages and views, the message line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from trame.ui.vuetify3 import VAppLayout
from trame.widgets import client, html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation import theme
from ContourQALib.workstation.charts.late_charts import load_late
from ContourQALib.workstation.in_order import keep_order
from ContourQALib.workstation.rendered_once import rendered_once
from ContourQALib.workstation.reporting.report_button import ReportButton
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid
from ContourQALib.workstation.views.view_area import ViewArea

CAUTION = "For research and teaching; not a medical device."


class Page(Protocol):
    """One tab.

    Attributes:
        name: as state variables and tests call it.
        title: as readers see it.
        icon: name of a Material Design icon.
        needs_case: whether it is empty without an open case.
        uses_views: whether it stands beside the four views or takes the whole width.
    """

    name: str
    title: str
    icon: str
    needs_case: bool
    uses_views: bool

    def __init__(self, session: Session) -> None: ...

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""


class Shell:
    """The page around the pages.

    Args:
        session: what the pages share.
        pages: in the order of their tabs.
    """

    def __init__(self, session: Session, pages: Sequence[Page]) -> None:
        self._session = session
        self._pages = tuple(pages)
        self._report = ReportButton(session)
        self.view_area = ViewArea(session)
        session.state.trame__title = "ContourQA"
        session.state.shell_views = [page.name for page in pages if page.uses_views]
        session.state.shell_seen = []
        session.state.change("shell_page")(self._on_page)

    def build(self) -> Any:
        """Make the layout of the trame server, and return it."""
        server = self._session.server
        keep_order(server)
        with VAppLayout(server, full_height=True) as layout, rendered_once():
            layout.root.theme = "dark"
            client.Style(theme.css())
            self._bar()
            with v3.VMain(), html.Div(classes="cqa-main"):
                with html.Div(classes="cqa-beside"):
                    for page in self._pages:
                        if page.uses_views:
                            self._place(page, "cqa-panel")
                    with html.Div(classes="cqa-views", **testid("views")):
                        self.view_area.build(layout)
                for page in self._pages:
                    if not page.uses_views:
                        self._place(page, "cqa-wide")
            self._message_line()
        load_late(server)
        return layout

    def _place(self, page: Page, kind: str) -> None:
        """The page's container; one that needs a case says so while there is none.

        A browser makes a page's widgets when the page is first shown, and keeps them afterwards.
        """
        shown = f"shell_page === '{page.name}'"
        was_shown = f"({shown} || shell_seen.includes('{page.name}'))"
        with html.Div(v_show=(shown,), classes=kind, **testid(f"page-{page.name}")):
            needed = f"{was_shown} && shell_case" if page.needs_case else was_shown
            with html.Div(v_if=(needed,), classes="cqa-fill"):
                page.build()
            if not page.needs_case:
                return
            with html.Div(v_if=("!shell_case",), classes="cqa-empty"):
                v3.VIcon("mdi-folder-open-outline", size=48)
                html.P("Open a case from the worklist first.")
                v3.VBtn(
                    "Worklist",
                    click="shell_page = 'worklist'",
                    variant="tonal",
                    **testid(f"{page.name}-to-worklist"),
                )

    def _bar(self) -> None:
        with v3.VAppBar(flat=True, color=theme.RAISED, height=48):
            html.Span("ContourQA", classes="cqa-brand")
            with v3.VTabs(v_model=("shell_page",), density="compact", color=theme.ACCENT, height=48):
                for page in self._pages:
                    with v3.VTab(value=page.name, **testid(f"tab-{page.name}")):
                        v3.VIcon(page.icon, start=True)
                        html.Span(page.title)
            v3.VSpacer()
            v3.VProgressCircular(v_if=("shell_busy",), indeterminate=True, size=18, width=2, classes="mr-2")
            html.Span("{{ shell_busy }}", v_if=("shell_busy",), classes="cqa-muted mr-3")
            html.Span(
                "{{ shell_case }}", v_if=("shell_case",), classes="cqa-case mr-3", **testid("shell-case")
            )
            self._report.build()
            v3.VTextField(
                v_model=("shell_reader",),
                placeholder="Reader's name",
                title="Who decides: the name that is kept with each decision",
                prepend_inner_icon="mdi-account-outline",
                density="compact",
                variant="outlined",
                hide_details=True,
                classes="cqa-reader mr-3",
                raw_attrs=['maxlength="80"', *testid("shell-reader")["raw_attrs"]],
            )

    def _message_line(self) -> None:
        icons, colors = theme.MESSAGE_ICONS, theme.MESSAGE_COLORS
        with v3.VFooter(app=True, classes="cqa-line", height=30):
            with html.Div(
                v_if=("shell_message.text",),
                style=(f"{{color: {colors}[shell_message.kind]}}",),
                classes="cqa-message",
                raw_attrs=['role="status"', *testid("message")["raw_attrs"]],
            ):
                v3.VIcon(icon=(f"{icons}[shell_message.kind]",), size="small", classes="mr-1")
                html.Span("{{ shell_message.text }}")
                v3.VBtn(
                    icon="mdi-close",
                    size="x-small",
                    variant="text",
                    title="Clear this message",
                    click="shell_message = {text: '', kind: 'info'}",
                    **testid("message-close"),
                )
            v3.VSpacer()
            html.Span(CAUTION, classes="cqa-muted")

    def _on_page(self, shell_page: str, **_: Any) -> None:
        seen = self._session.state.shell_seen
        if shell_page not in seen:
            self._session.state.shell_seen = [*seen, shell_page]
        self._session.page_changed(shell_page)
        if shell_page in self._session.state.shell_views:
            self._session.views.render()
