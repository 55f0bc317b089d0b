"""`SampleData`: sources are recorded, and downloading calls the custom downloader."""

from __future__ import annotations

from types import ModuleType
from typing import Any


class SampleDataSource:
    """One entry of the module Sample Data."""

    def __init__(self, **described: Any) -> None:
        self.sampleName = described.get("sampleName")
        self.thumbnailFileName = described.get("thumbnailFileName")
        self.uris = described.get("uris")
        self.customDownloader = described.get("customDownloader")
        for name, value in described.items():
            setattr(self, name, value)


class SampleDataLogic:
    """Loads samples by name; nothing is fetched, so a source needs its own downloader."""

    def __init__(self, logMessage: Any = None) -> None:
        self.logMessage = logMessage

    @staticmethod
    def registerCustomSampleDataSource(category: str = "Custom", **described: Any) -> None:
        import slicer

        unknown = set(described) - _KNOWN
        if unknown:
            raise TypeError(f"registerCustomSampleDataSource has no arguments {sorted(unknown)}")
        slicer.modules.sampleDataSources.setdefault(category, []).append(SampleDataSource(**described))

    def sourceForSampleName(self, sampleName: str) -> SampleDataSource | None:
        import slicer

        every = (source for sources in slicer.modules.sampleDataSources.values() for source in sources)
        return next((source for source in every if source.sampleName == sampleName), None)

    def downloadSample(self, sampleName: str) -> Any:
        source = self.sourceForSampleName(sampleName)
        if source is None or source.customDownloader is None:
            raise LookupError(f"There is no sample {sampleName!r} with a downloader of its own")
        return source.customDownloader(source)

    downloadSamples = downloadSample


_KNOWN = {
    *("sampleName", "uris", "fileNames", "nodeNames", "customDownloader", "thumbnailFileName", "loadFiles"),
    *("loadFileType", "loadFileProperties", "checksums", "sampleDescription"),
}


def sample_data_module() -> ModuleType:
    """A module `SampleData`."""
    module = ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic
    module.SampleDataSource = SampleDataSource
    return module
