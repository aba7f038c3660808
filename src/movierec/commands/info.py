"""``movierec info``: what is in a home folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from movierec.commands.console import home_option, list_headlines, make_printable, read_settings

if TYPE_CHECKING:
    from movierec.artifacts import Manifest


@click.command("info", short_help="Show what is in a home folder.")
@home_option
def command(home: Path | None) -> None:
    r"""Show the current bundle, its data, quality and licence, and the other bundles of a home folder.

    Every file of the current bundle is checked against its hash; a damaged one is reported with the remedy.

    \b
    Example:
      movierec info --home data
    """
    from movierec.artifacts import list_bundles, open_current

    settings = read_settings(home=home)
    manifest = open_current(settings.bundles_dir).manifest
    for name, value in _list_facts(manifest):
        click.echo(f"{name:<14}{make_printable(value)}".rstrip())
    others = [other for other in list_bundles(settings.bundles_dir) if other.version != manifest.version]
    for other in others:
        click.echo(f"{'also here':<14}{other.version}, built {other.created_at:%Y-%m-%d %H:%M} UTC")


def _list_facts(manifest: Manifest) -> list[tuple[str, str]]:
    data = manifest.dataset
    size = sum(entry.size for entry in manifest.files.values())
    simulated = " (simulated audience)" if data.simulated else ""
    return [
        ("bundle", manifest.version),
        ("built", f"{manifest.created_at:%Y-%m-%d %H:%M} UTC in {manifest.build_seconds:.0f} s"),
        (
            "engine",
            " ".join(str(manifest.config.get(key, "")) for key in ("engine", "engine_version")).strip()
            or "embedded",
        ),
        ("files", f"{len(manifest.files)} files, {size / 1e6:.1f} MB, all as built"),
        ("data set", f"{data.name}{simulated}"),
        ("size", f"{data.n_users:,} users, {data.n_items:,} items, {data.n_interactions:,} interactions"),
        ("set aside", f"{data.n_quarantined:,} broken rows"),
        ("licence", data.licence),
        *([("please cite", data.citation)] if data.citation else []),
        ("sources", ", ".join(manifest.source_names)),
        ("features", str(len(manifest.feature_names))),
        *(("metric", f"{name} {value:.4f}") for name, value in list_headlines(manifest.metrics).items()),
        ("made with", ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())),
    ]
