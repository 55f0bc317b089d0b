"""Comparisons without a computing process of their own: the same functions, called in place."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ContourQALib.quality.assessment import Assessment
from ContourQALib.worker_answers import Answers
from ContourQALib.worker_events import Progress
from ContourQALib.worker_requests import AssessRequest, CompareRequest
from ContourQALib.workstation.settings import Settings


@pytest.fixture(scope="session")
def ask() -> Callable[[CompareRequest], Any]:
    """Answers as the computing process does."""
    answers = Answers()

    async def asked(request: Any, progress: Callable[[Progress], None] | None = None) -> Any:
        def tell(done: int, total: int, what: str) -> None:
            if progress is not None:
                progress(Progress(1, done, total, what))

        return answers.answer(request, tell)

    return asked


@dataclass
class Asked:
    """Stands for the computing process.

    Attributes:
        ask: answers comparisons.
        comparisons: what was to be compared.
        held: comparisons are held back.
        assessment: answers assessments; they are held back while there is none.
    """

    ask: Callable[..., Any]
    comparisons: list[CompareRequest] = field(default_factory=list)
    held: bool = False
    assessment: Assessment | None = None

    def reset(self) -> None:
        """Answer comparisons at once, and nothing else."""
        self.comparisons.clear()
        self.held, self.assessment = False, None

    async def __call__(self, request: Any, progress: Any = None) -> Any:
        if isinstance(request, AssessRequest):
            while self.assessment is None:
                await asyncio.sleep(0.005)
            return self.assessment
        self.comparisons.append(request)
        while self.held:
            await asyncio.sleep(0.005)
        return await self.ask(request, progress)


@dataclass
class Desk:
    """A workstation with its comparison page in sight."""

    bench: Any
    asked: Asked

    @property
    def session(self) -> Any:
        return self.bench.session

    @property
    def page(self) -> Any:
        return self.bench.station.pages["compare"]

    @property
    def shown(self) -> Any:
        return self.page.typed.data

    @property
    def result(self) -> Any:
        return self.page.comparing.result

    @property
    def chart(self) -> Any:
        return self.session.state.compare_chart

    def row(self, structure: str, source: str) -> dict[str, Any]:
        group = next(one for one in self.shown.groups if one["structure"] == structure)
        return next(one for one in group["rows"] if one["source"] == source)

    def do(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Call something as a click does."""

        async def called() -> Any:
            with self.session.state:
                result = action(*arguments)
            return await result if asyncio.iscoroutine(result) else result

        return self.bench.run(called())

    def put(self, **values: Any) -> None:
        """Change values of the page as its widgets do."""
        self.bench.change(**{f"compare__CompareState__{name}": value for name, value in values.items()})

    def settle(self) -> None:
        """Let what is under way come to its end."""
        self.bench.wait(lambda: not self.page.comparing.running)

    def open(self, name: str, page: str = "compare") -> None:
        self.bench.run(self.session.open_case(name))
        self.do(self.session.show_page, page)
        self.settle()


@pytest.fixture(scope="module")
def cases(phantom_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantom patients, one without a reference, one with one hand's contours alone, and a broken one."""
    folder = Path(shutil.copytree(phantom_cases, tmp_path_factory.mktemp("compared") / "cases"))
    for case, names in (("two_models", ("vendor", "fine_tuned")), ("one_model", ("vendor",))):
        (folder / case).mkdir()
        for name in ("image.nrrd", *(f"{name}.seg.nrrd" for name in names)):
            shutil.copy(folder / "phantom_1" / name, folder / case / name)
    shutil.copytree(folder / "phantom_1", folder / "broken")
    broken = folder / "broken" / "reference.seg.nrrd"
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    return folder


@pytest.fixture(scope="module")
def workstation(module_bench: Any, ask: Any, cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One workstation for the tests of a file: to make it takes longer than what they do."""
    results = tmp_path_factory.mktemp("results")
    bench = module_bench(Settings(results=results, source=cases, model="pelvis-phantom"))
    bench.session.tasks.ask = bench.session.background.ask = Asked(ask)
    return Desk(bench, bench.session.tasks.ask)


@pytest.fixture
def desk(workstation: Desk) -> Iterator[Desk]:
    """The workstation with no case open."""
    workstation.asked.reset()
    yield workstation
    workstation.asked.reset()
    workstation.do(workstation.session.close_case)
    workstation.do(workstation.session.show_page, "worklist")
