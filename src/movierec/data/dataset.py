"""One door to every data set: the sample, a known name, a folder or a zip."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from movierec.config import Settings
from movierec.data.archives import ZipFiles
from movierec.data.ingest import IngestConfig, Origin, Progress, ingest, read_dataset
from movierec.data.readers import detect_layout
from movierec.data.registry import KNOWN_DATASETS
from movierec.data.sample import SAMPLE_ORIGIN, fingerprint_sample, read_sample
from movierec.data.sources import FolderFiles, SourceFiles
from movierec.errors import UnknownDatasetError
from movierec.schema import Dataset

__all__ = ["SAMPLE", "find_source", "load_dataset", "read_dataset"]

SAMPLE: Final = "sample"
_OWN_LICENCE: Final = "as agreed with whoever supplied the data"


def load_dataset(
    spec: str, settings: Settings, progress: Progress | None = None, config: IngestConfig | None = None
) -> Dataset:
    """Return a data set ready for use, ingesting it first where that has not happened yet.

    Parameters
    ----------
    spec : "sample", a known name such as "ml-100k", the path of a folder or the path of a zip
    settings : where data sets are looked up and tables go
    progress : receives one line per stage
    config : strictness and event weights

    Raises
    ------
    UnknownDatasetError
        If there is nothing of that name or path.
    LayoutError, QuarantineError, DataError
        If what is there cannot be used.
    """
    if spec == SAMPLE:
        folder = settings.processed_dir / SAMPLE
        return ingest(SAMPLE_ORIGIN, fingerprint_sample(), read_sample, folder, config, progress)
    path = find_source(spec, settings)
    name = _name_source(spec, path)
    files: SourceFiles = FolderFiles(path) if path.is_dir() else ZipFiles(path)
    layout = detect_layout(files)
    known = KNOWN_DATASETS.get(name) if layout.publisher else None
    origin = Origin(name, known.licence if known else _OWN_LICENCE, known.citation if known else "")
    return ingest(
        origin,
        files.fingerprint(),
        lambda: layout.read(files),
        settings.processed_dir / name,
        config,
        progress,
    )


def find_source(spec: str, settings: Settings) -> Path:
    """Return the folder or zip a name or path stands for; names are looked up before paths.

    Raises
    ------
    UnknownDatasetError
        If there is none; the message says how to get it.
    """
    if not spec.strip() or "\0" in spec:
        raise UnknownDatasetError(
            f"dataset must be a name, a folder or a zip, got {spec!r}; known: {_list_names()}"
        )
    if re.fullmatch(r"[\w.-]+", spec) and spec.strip("."):
        for parent in (settings.datasets, settings.raw_dir):
            for candidate in (parent / spec, parent / f"{spec}.zip") if parent else ():
                if candidate.exists():
                    return candidate
    path = Path(spec).expanduser()
    if path.is_dir() or path.is_file():
        return path
    if spec in KNOWN_DATASETS:
        raise UnknownDatasetError(
            f"the data set {spec!r} is not on this machine; run: movierec download {spec}"
        )
    raise UnknownDatasetError(
        f"no data set, folder or zip {spec[:200]!r}; known names: {_list_names()}; or give a path"
    )


def _list_names() -> str:
    return ", ".join((SAMPLE, *KNOWN_DATASETS))


def _name_source(spec: str, path: Path) -> str:
    name = path.resolve().name
    name = re.sub(r"[^\w.-]+", "-", name.removesuffix(".zip")).strip(".-") or "dataset"
    return f"{name}-own" if name == SAMPLE and spec != SAMPLE else name
