"""``movierec pull``: fetch interactions from somebody's HTTP API."""

from __future__ import annotations

import os
from pathlib import Path

import click

from movierec.commands.console import home_option, read_settings, start_progress
from movierec.errors import ConfigError


@click.command("pull", short_help="Fetch interactions from an HTTP API, page by page.")
@click.option("--url", metavar="URL", help="Address of the API; https, or http on this machine.")
@click.option("--name", default="pulled", show_default=True, metavar="NAME", help="Name of the data set.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of pages and files.  [default: raw/NAME in home, where build finds it by name]",
)
@click.option(
    "--token-env", metavar="VARIABLE", help="Environment variable that holds the token; it is never stored."
)
@click.option("--token-header", metavar="NAME", help="Header that carries the token as it is.")
@click.option("--page-size", type=click.IntRange(1, 10_000), help="Rows asked for at a time.  [default: 500]")
@click.option(
    "--spec",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="JSON with endpoints and field names, where they differ from the usual ones.",
)
@click.option("--refresh", is_flag=True, help="Forget what was pulled and start over.")
@click.option("--status", is_flag=True, help="Only say how far the pull is.")
@home_option
def command(
    url: str | None,
    name: str,
    out: Path | None,
    token_env: str | None,
    token_header: str | None,
    page_size: int | None,
    spec: Path | None,
    refresh: bool,
    status: bool,
    home: Path | None,
) -> None:
    r"""Fetch what was viewed, liked and rated, the posts and the users of an API that gives them in pages.

    Failures that pass (429, 5xx, no answer) are waited out. Interrupted or run again, it goes on after the
    pages that are there; repeated rows count once. Prints the folder, which movierec build reads.

    \b
    Examples:
      movierec pull --url https://api.example.org --token-env API_TOKEN --name clips
      movierec pull --name clips --status
      movierec build --dataset clips
    """
    from movierec.data.harvest.archive import read_status
    from movierec.data.harvest.harvester import pull
    from movierec.data.harvest.pages import HttpPages
    from movierec.data.harvest.spec import read_spec

    folder = out or read_settings(home=home).raw_dir / name
    if status:
        found = read_status(folder)
        if found is None:
            raise ConfigError(f"nothing was pulled into {folder}")
        click.echo(found.model_dump_json(indent=1))
        return
    if url is None and spec is None:
        raise ConfigError("--url is missing: the address of the API, such as https://api.example.org")
    token = os.environ.get(token_env) if token_env else None
    if token_env and not token:
        raise ConfigError(f"--token-env names {token_env}, which is not set or empty")
    prefix = "" if token_header else None
    source = read_spec(url, spec, token_header=token_header, token_prefix=prefix, page_size=page_size)
    say = start_progress()
    with HttpPages(source, token) as pages:
        done = pull(pages, source, folder, say, refresh)
    say(f"{done.interactions:,} interactions, {done.items:,} items, {done.users:,} users")
    click.echo(str(folder))
