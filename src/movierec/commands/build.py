"""``movierec build``: data set in, bundle out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from movierec.commands.console import home_option, list_headlines, read_settings, start_progress

if TYPE_CHECKING:
    from movierec.stages import BuildConfig


@click.command("build", short_help="Learn from a data set and write a bundle.")
@click.option(
    "--dataset",
    default="sample",
    show_default=True,
    metavar="NAME|FOLDER|ZIP",
    help="The built-in sample, a downloaded data set by name, or a folder or zip with ratings.csv and "
    "movies.csv (or any MovieLens layout).",
)
@click.option(
    "--engine",
    type=click.Choice(["embedded", "spark"]),
    default="embedded",
    show_default=True,
    help="spark counts and factorises on Spark and reads Parquet, too (pip install 'movierec[spark]').",
)
@click.option(
    "--master",
    metavar="ADDRESS",
    help="Of Spark: local[2], local-cluster[2,1,1024], spark://HOST:PORT.  [default: local[*]]",
)
@home_option
@click.option("--force", is_flag=True, help="Build even where an equal bundle exists.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Seed of everything random in the build.")
@click.option(
    "--card",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Also copy the bundle's model card to DIR, as a Markdown file named after the data set.",
)
def command(
    dataset: str,
    engine: str,
    master: str | None,
    home: Path | None,
    force: bool,
    seed: int | None,
    card: Path | None,
) -> None:
    r"""Learn from a data set and write a bundle that recommendations are served from.

    A bundle is versioned by its content; where one was already built from the same data, settings and code,
    it is used again within seconds. The new bundle becomes the current one of the home folder. A build that
    was stopped goes on from its last finished stage when it is started again.

    \b
    Examples:
      movierec build
      movierec build --dataset ml-latest-small --home data
      movierec build --dataset ~/my-ratings --seed 11
      movierec build --card reports/models
      movierec build --engine spark --master 'local[2]' --dataset ml-latest-small
      movierec build --engine spark --master spark://host:7077 --dataset s3a://bucket/ratings
    """
    if engine == "spark":
        from movierec.spark.session import DEFAULT_MASTER, require_spark

        address = DEFAULT_MASTER if master is None else master
        # Before the second that loading all of the library takes.
        require_spark(address)
    elif master is not None:
        raise click.UsageError("--master is for --engine spark")
    from movierec.costs import CostMeter
    from movierec.data.dataset import load_dataset
    from movierec.listing import list_films
    from movierec.pipeline import build

    settings = read_settings(home=home)
    say = start_progress()
    config = None if seed is None else seed_config(seed)
    if engine == "spark":
        from movierec.spark.build import build_on_spark

        manifest = build_on_spark(dataset, settings, config, say, force, address)
    else:
        meter = CostMeter()
        with meter.stage("read"):
            loaded = load_dataset(dataset, settings, say)
        manifest = build(loaded, settings, config, say, force, meter)
    list_films(settings, say)
    data = manifest.dataset
    click.echo(f"bundle   {manifest.version}")
    click.echo(
        f"data     {data.name}: {data.n_users:,} users, {data.n_items:,} items, "
        f"{data.n_interactions:,} interactions, {data.n_quarantined:,} rows set aside"
    )
    for cost in manifest.stages:
        click.echo(f"stage    {cost}")
    for name, value in list_headlines(manifest.metrics).items():
        click.echo(f"metric   {name} {value:.4f}")
    click.echo(f"folder   {settings.bundles_dir / manifest.version}")
    if card is not None:
        click.echo(f"card     {copy_card(settings.bundles_dir / manifest.version, card)}")


def copy_card(bundle_path: Path, folder: Path) -> Path:
    """Copy the model card of a bundle into a folder and return the path of the copy.

    Raises ``CorruptBundleError`` or ``IncompatibleBundleError`` where the bundle cannot be trusted.
    """
    from movierec.artifacts import open_bundle
    from movierec.artifacts.files import replace_atomically
    from movierec.bundles import CARD_FILE

    bundle = open_bundle(bundle_path)
    target = folder / f"{_name_file(bundle.manifest.dataset.name)}.md"
    with replace_atomically(target) as temporary:
        temporary.write_bytes(bundle.file(CARD_FILE).read_bytes())
    return target


def _name_file(dataset: str) -> str:
    # The name of somebody's folder or zip: it must not lead out of the chosen folder, nor hide the file.
    return re.sub(r"[^\w.-]+", "-", dataset).strip(".-") or "dataset"


def seed_config(seed: int) -> BuildConfig:
    """Return the default config with one seed for every random part of the build."""
    from movierec.stages import AlsConfig, BuildConfig, RankerConfig, RecallConfig, TrainingConfig

    n_rankers = len(RankerConfig().seeds)
    return BuildConfig(
        recall=RecallConfig(als=AlsConfig(seed=seed)),
        training=TrainingConfig(seed=seed),
        ranker=RankerConfig(seeds=tuple(range(seed, seed + n_rankers))),
    )
