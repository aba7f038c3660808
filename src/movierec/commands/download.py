"""``movierec download``: fetch a known data set."""

from __future__ import annotations

from pathlib import Path

import click

from movierec.commands.console import home_option, read_settings, start_progress


@click.command("download", short_help="Fetch a MovieLens data set.")
@click.argument("name")
@home_option
def command(name: str, home: Path | None) -> None:
    r"""Fetch the MovieLens data set NAME from GroupLens and check it.

    What was interrupted is continued, what is there is kept. Licence and citation are shown: the data
    are for research, and most sets may not be passed on. Prints the path of the archive.

    \b
    NAME is ml-latest-small, ml-100k, ml-1m, ml-10m, ml-20m, ml-25m, ml-32m or ml-latest.

    \b
    Example:
      movierec download ml-latest-small
      movierec build --dataset ml-latest-small
    """
    from movierec.data.download import download

    path = download(name, read_settings(home=home), start_progress())
    click.echo(str(path))
