"""From source files to cleaned tables on disk, once per version of the source."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from movierec.data.cleaning import RATING_EVENT, merge_repeats, screen_interactions, screen_items
from movierec.data.confidence import ConfidenceConfig
from movierec.data.readers.tables import RawTables
from movierec.data.tables import hash_tables, index_tables, read_tables, write_tables
from movierec.errors import ConfigError, DataError, QuarantineError
from movierec.schema import Columns, Dataset, DatasetInfo

Progress = Callable[[str], None]

# Raise whenever the same source would give other tables, so that old ones are not taken for new.
INGEST_VERSION: Final = 1
MANIFEST_FILE: Final = "dataset.json"
QUARANTINE_FILE: Final = "quarantine.csv"


@dataclass(frozen=True)
class IngestConfig:
    """How strict ingest is and what events are worth.

    Attributes
    ----------
    max_quarantined : share of rows of a file that may be broken, in [0, 1]
    confidence : the mapping from events to confidence
    """

    max_quarantined: float = 0.10
    confidence: ConfidenceConfig = field(default_factory=ConfidenceConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.max_quarantined <= 1:
            raise ConfigError(f"max_quarantined must lie in [0, 1], got {self.max_quarantined}")


@dataclass(frozen=True)
class Origin:
    """What is known of a source before its rows are read."""

    name: str
    licence: str
    citation: str
    simulated: bool = False


class Manifest(BaseModel):
    """The content of ``dataset.json``."""

    model_config = ConfigDict(frozen=True)

    ingest_version: int
    fingerprint: str
    info: DatasetInfo


def ingest(
    origin: Origin,
    fingerprint: str,
    read: Callable[[], RawTables],
    folder: Path,
    config: IngestConfig | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Clean a source into ``folder``, or reuse what is there when nothing changed.

    Parameters
    ----------
    origin : name, licence and citation of the source
    fingerprint : digest of the source; equal digests mean equal sources
    read : gives the raw tables; not called when the tables are up to date
    folder : where users, items, interactions, quarantine and manifest go, all or nothing
    config : strictness and event weights
    progress : receives one line per stage

    Raises
    ------
    DataError
        If no usable interaction remains.
    QuarantineError
        If more rows are broken than the config allows; the rows are kept beside ``folder``.
    """
    config = config or IngestConfig()
    say = progress or (lambda _: None)
    key = _digest_inputs(fingerprint, config)
    current = read_current(folder, key)
    if current is not None:
        say(f"{origin.name}: tables are up to date")
        return current
    say(f"{origin.name}: reading")
    raw = read()
    sound, broken, height = _screen_batches(raw, config, lambda line: say(f"{origin.name}: {line}"))
    items, broken_items = screen_items(raw.items, raw.items_file)
    quarantine = pl.concat([broken, broken_items])
    for frame, rows in ((broken, height), (broken_items, raw.items.height)):
        refuse_too_many(frame, frame.height, rows, quarantine, config.max_quarantined, folder)
    interactions_file = raw.interactions_file
    # The text of a large file is no longer needed, and what follows needs room.
    del raw
    if sound.is_empty():
        raise DataError(
            f"{interactions_file} of {origin.name} has no usable rows; give at least one interaction"
        )
    merged = merge_repeats(sound, config.confidence)
    del sound
    say(f"{origin.name}: {quarantine.height:,} rows set aside, {merged.height:,} interactions kept")
    dataset = index_dataset(origin, merged, items, quarantine.height)
    del merged
    publish_tables(dataset, quarantine, key, folder)
    info = dataset.info
    say(f"{origin.name}: {info.n_users:,} users, {info.n_items:,} items, written to {folder}")
    return dataset


def index_dataset(origin: Origin, merged: pl.DataFrame, items: pl.DataFrame, n_quarantined: int) -> Dataset:
    """Return the data set of merged rows and sound items, see :func:`movierec.data.tables.index_tables`."""
    user_id, catalog, interactions = index_tables(merged, items)
    info = DatasetInfo(
        name=origin.name,
        content_hash=hash_tables(user_id, catalog, interactions),
        simulated=origin.simulated,
        licence=origin.licence,
        citation=origin.citation,
        n_users=len(user_id),
        n_items=len(catalog),
        n_interactions=len(interactions),
        n_quarantined=n_quarantined,
        now=int(interactions.timestamp.max()),
    )
    return Dataset(info, user_id, catalog, interactions)


def _screen_batches(
    raw: RawTables, config: IngestConfig, say: Progress
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Return sound interactions in compact columns, broken ones, and how many there were of both."""
    events = pl.Enum([RATING_EVENT, *config.confidence.event_weights])
    compact = {
        Columns.USER_ID: pl.Categorical(),
        Columns.ITEM_ID: pl.Categorical(),
        Columns.EVENT: events,
    }
    kept: list[pl.DataFrame] = []
    set_aside: list[pl.DataFrame] = []
    height = 0
    for rows in raw.batches():
        height += rows.height
        say(f"checking {height:,} rows")
        sound, broken = screen_interactions(rows, raw.interactions_file, config.confidence)
        kept.append(sound.cast(compact))  # type: ignore[arg-type]
        set_aside.append(broken)
    return pl.concat(kept), pl.concat(set_aside), height


def read_current(folder: Path, key: str) -> Dataset | None:
    """Return the data set in ``folder`` if it was made from the inputs ``key`` stands for and is whole."""
    try:
        manifest = _read_manifest(folder)
        if manifest.fingerprint != key or manifest.ingest_version != INGEST_VERSION:
            return None
        return read_dataset(folder)
    except DataError:
        return None


def read_dataset(processed_dir: Path) -> Dataset:
    """Read an ingested data set back and check that it still is what was written.

    Raises
    ------
    DataError
        If a file is missing or unreadable, or the tables differ from their hash.
    """
    manifest = _read_manifest(processed_dir)
    user_id, catalog, interactions = read_tables(processed_dir)
    if hash_tables(user_id, catalog, interactions) != manifest.info.content_hash:
        raise DataError(
            f"the tables in {processed_dir} differ from their hash; delete the folder and ingest again"
        )
    return Dataset(manifest.info, user_id, catalog, interactions)


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; ingest the data set first") from error
    except ValidationError as error:
        raise DataError(f"{path} is not a data set manifest; delete the folder and ingest again") from error


def _digest_inputs(fingerprint: str, config: IngestConfig) -> str:
    weights = sorted(config.confidence.event_weights.items())
    settings = (fingerprint, config.confidence.neutral_rating, weights, config.max_quarantined)
    return hashlib.sha256(repr(settings).encode()).hexdigest()


def refuse_too_many(
    broken: pl.DataFrame, n_broken: int, n_rows: int, quarantine: pl.DataFrame, share: float, folder: Path
) -> None:
    """Raise ``QuarantineError`` where more than a share of the rows is broken, and keep them.

    They go beside ``folder``. ``broken`` and ``quarantine`` may hold the first rows only; ``n_broken``
    counts all of one file.
    """
    if n_broken <= share * n_rows:
        return
    path = folder.with_name(f"{folder.name}.rejected") / QUARANTINE_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    quarantine.write_csv(path)
    commonest = (
        broken.group_by("reason")
        .agg(pl.len().alias("count"), pl.col("line").first(), pl.col("row").first())
        .sort("count", "reason", descending=[True, False])
        .head(3)
    )
    reasons = "; ".join(
        f"{row['reason']} ({row['count']:,} times, as in line {row['line']}: {row['row'][:60]!r})"
        for row in commonest.iter_rows(named=True)
    )
    raise QuarantineError(
        f"{broken['file'][0]}: {n_broken:,} of {n_rows:,} rows are broken, at most {share:.0%} may be: "
        f"{reasons}; all of them with reasons are in {path}"
    )


def publish_tables(dataset: Dataset, quarantine: pl.DataFrame, key: str, folder: Path) -> None:
    """Write tables, quarantine and manifest, all or nothing; ``key`` stands for the inputs."""
    manifest = Manifest(ingest_version=INGEST_VERSION, fingerprint=key, info=dataset.info)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        new, old = work / "new", work / "old"
        new.mkdir()
        write_tables(new, dataset.user_id, dataset.catalog, dataset.interactions)
        quarantine.write_csv(new / QUARANTINE_FILE)
        (new / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        raise DataError(
            f"cannot write the tables to {folder}: {error.strerror}; free or give a writable home"
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
