from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.config import Settings
from movierec.data import ingest as ingest_module
from movierec.data.confidence import ConfidenceConfig
from movierec.data.dataset import find_source, load_dataset, read_dataset
from movierec.data.ingest import IngestConfig
from movierec.errors import ConfigError, DataError, LayoutError, QuarantineError, UnknownDatasetError

WriteFolder = Callable[..., Path]


def load_with_progress(spec: str | Path, settings: Settings, config: IngestConfig | None = None):  # type: ignore[no-untyped-def]
    lines: list[str] = []
    return load_dataset(str(spec), settings, lines.append, config), lines


def test_folder_becomes_a_dataset(movielens_folder: Path, settings: Settings) -> None:
    dataset, lines = load_with_progress(movielens_folder, settings)
    assert dataset.user_id == ("2", "10")
    assert dataset.catalog.title == ("The Matrix", "Toy Story", "Paterson")
    assert dataset.interactions.history(0).item_idx.tolist() == [1, 0]
    assert dataset.interactions.history(1).confidence.tolist() == [0.0, 0.0]
    info = dataset.info
    assert (info.n_users, info.n_items, info.n_interactions, info.n_quarantined, info.now) == (
        2,
        3,
        4,
        0,
        300,
    )
    assert not info.simulated
    assert "reading" in lines[0]


def test_folder_and_zip_of_the_same_files_have_the_same_content(
    movielens_folder: Path, settings: Settings
) -> None:
    path = movielens_folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in movielens_folder.iterdir():
            archive.write(file, f"top/{file.name}")
    first, second = load_dataset(str(movielens_folder), settings), load_dataset(str(path), settings)
    assert first.info.content_hash == second.info.content_hash


def test_second_load_reads_the_tables_and_a_changed_source_does_not(
    movielens_folder: Path, settings: Settings
) -> None:
    first, _ = load_with_progress(movielens_folder, settings)
    again, lines = load_with_progress(movielens_folder, settings)
    assert lines == ["little: tables are up to date"]
    assert again.info == first.info
    with (movielens_folder / "ratings.csv").open("a") as stream:
        stream.write("3,1,4.0,400\n")
    changed, lines = load_with_progress(movielens_folder, settings)
    assert len(lines) > 1
    assert changed.info.n_interactions == 5


def test_another_config_or_version_ingests_again(
    movielens_folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_dataset(str(movielens_folder), settings)
    config = IngestConfig(confidence=ConfidenceConfig(neutral_rating=0))
    dataset, lines = load_with_progress(movielens_folder, settings, config)
    assert len(lines) > 1
    assert dataset.interactions.confidence.tolist() == dataset.interactions.rating.tolist()
    monkeypatch.setattr(ingest_module, "INGEST_VERSION", ingest_module.INGEST_VERSION + 1)
    assert len(load_with_progress(movielens_folder, settings, config)[1]) > 1


def test_damaged_tables_are_noticed_and_made_again(movielens_folder: Path, settings: Settings) -> None:
    first = load_dataset(str(movielens_folder), settings)
    folder = settings.processed_dir / "little"
    manifest = (folder / "dataset.json").read_text()
    assert read_dataset(folder).info == first.info
    (folder / "dataset.json").write_text(manifest.replace(first.info.content_hash, "0" * 64))
    with pytest.raises(DataError, match="differ from their hash"):
        read_dataset(folder)
    again, lines = load_with_progress(movielens_folder, settings)
    assert len(lines) > 1
    assert again.info == first.info


def test_only_whole_tables_are_left_behind(movielens_folder: Path, settings: Settings) -> None:
    load_dataset(str(movielens_folder), settings)
    names = {path.name for path in (settings.processed_dir / "little").iterdir()}
    assert names == {
        "users.parquet",
        "items.parquet",
        "interactions.parquet",
        "dataset.json",
        "quarantine.csv",
    }
    assert [path.name for path in settings.processed_dir.iterdir()] == ["little"]


def test_failure_while_writing_keeps_the_old_tables(
    movielens_folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_dataset(str(movielens_folder), settings)
    with (movielens_folder / "ratings.csv").open("a") as stream:
        stream.write("3,1,4.0,400\n")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ingest_module, "write_tables", fail)
    with pytest.raises(DataError, match="No space left"):
        load_dataset(str(movielens_folder), settings)
    assert read_dataset(settings.processed_dir / "little").info == first.info
    assert [path.name for path in settings.processed_dir.iterdir()] == ["little"]


def test_few_broken_rows_are_listed_with_their_reasons(movielens_folder: Path, settings: Settings) -> None:
    rows = "".join(f"{user},1,4.0,{user}\n" for user in range(20, 40))
    with (movielens_folder / "ratings.csv").open("a") as stream:
        stream.write(rows + "5,1,9,1\n,1,4,1\n")
    dataset = load_dataset(str(movielens_folder), settings)
    assert dataset.info.n_quarantined == 2
    with (settings.processed_dir / "little" / "quarantine.csv").open() as stream:
        quarantined = list(csv.DictReader(stream))
    assert [(row["line"], row["reason"]) for row in quarantined] == [
        ("26", "rating outside 0.5 to 5"),
        ("27", "blank user"),
    ]


def test_too_many_broken_rows_stop_ingest_and_are_kept(movielens_folder: Path, settings: Settings) -> None:
    with (movielens_folder / "ratings.csv").open("a") as stream:
        stream.write("5,1,9,1\n6,1,9,1\n7,1,x,1\n")
    with pytest.raises(QuarantineError) as caught:
        load_dataset(str(movielens_folder), settings)
    message = str(caught.value)
    assert message.startswith("ratings.csv: 3 of 7 rows are broken, at most 10% may be")
    assert "rating outside 0.5 to 5 (2 times, as in line 6: '5,1,rating,9,1,'" in message
    assert "\n" not in message
    path = settings.processed_dir / "little.rejected" / "quarantine.csv"
    assert str(path) in message
    assert path.read_text().count("\n") == 4
    assert (
        load_dataset(str(movielens_folder), settings, config=IngestConfig(max_quarantined=0.5)).info.n_users
        == 2
    )


@pytest.mark.parametrize(
    ("ratings", "error", "message"),
    [
        (b"", LayoutError, r"ratings\.csv is empty"),
        (b"userId,movieId,rating,timestamp\n", DataError, "no usable rows"),
        (b"userId,movieId,rating\n1,1,4\n", LayoutError, r"ratings\.csv lacks the column timestamp"),
    ],
)
def test_unusable_ratings_are_refused_in_one_line(
    movielens_folder: Path, settings: Settings, ratings: bytes, error: type[Exception], message: str
) -> None:
    (movielens_folder / "ratings.csv").write_bytes(ratings)
    with pytest.raises(error, match=message) as caught:
        load_dataset(str(movielens_folder), settings)
    assert "\n" not in str(caught.value)


def test_own_events_are_summed(write_folder: WriteFolder, settings: Settings) -> None:
    folder = write_folder(
        interactions_csv=b"user_id,item_id,event,timestamp,value\nzoe,x,watch,10,\nzoe,x,complete,20,\nann,y,like,5,2\n"
    )
    dataset = load_dataset(str(folder), settings)
    assert dataset.user_id == ("ann", "zoe")
    assert dataset.catalog.title == ("x", "y")
    assert dataset.interactions.confidence.tolist() == [4.0, 4.0]
    assert dataset.interactions.history(1).timestamp.tolist() == [20]


def test_names_are_looked_up_in_datasets_then_raw(movielens_folder: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", datasets=movielens_folder.parent)
    assert find_source("little", settings) == movielens_folder
    raw = settings.raw_dir / "ml-100k.zip"
    raw.parent.mkdir(parents=True)
    raw.write_bytes(b"")
    assert find_source("ml-100k", settings) == raw


def test_known_name_brings_its_licence(movielens_folder: Path, tmp_path: Path) -> None:
    movielens_folder.rename(tmp_path / "ml-latest-small")
    settings = Settings(home=tmp_path / "home", datasets=tmp_path)
    info = load_dataset("ml-latest-small", settings).info
    assert "GroupLens" in info.licence
    assert "Harper" in info.citation


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("ml-1m", "run: movierec download ml-1m"),
        ("netflix", "known names: sample, ml-100k"),
        ("/no/such/folder", "no data set, folder or zip"),
        ("", "must be a name"),
        ("..", "holds|layout|no data set"),
    ],
)
def test_unknown_names_say_what_to_do(spec: str, message: str, settings: Settings) -> None:
    with pytest.raises((UnknownDatasetError, LayoutError), match=message) as caught:
        load_dataset(spec, settings)
    assert "\n" not in str(caught.value)


def test_strictness_must_be_a_share() -> None:
    with pytest.raises(ConfigError, match=r"max_quarantined must lie in \[0, 1\], got 10"):
        IngestConfig(max_quarantined=10)
