"""``movierec evaluate``: measure every generation on a data set."""

from __future__ import annotations

from pathlib import Path

import click

from movierec.commands.console import home_option, read_settings, start_progress


@click.command("evaluate", short_help="Measure recommendation quality.")
@click.option(
    "--dataset", default="sample", show_default=True, metavar="NAME|FOLDER|ZIP", help="As for build."
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    metavar="NAME",
    default=("leave-one-out",),
    show_default=True,
    help="leave-one-out, user-timeline or global-cut; repeatable.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports/evaluation"),
    show_default=True,
    metavar="DIR",
    help="Folder for the report.",
)
@home_option
def command(dataset: str, protocols: tuple[str, ...], out: Path, home: Path | None) -> None:
    r"""Hide a part of every history, recommend, and count what was found.

    Nothing a model learns from lies after what it is judged on. The report names data hash, protocol,
    seed and command beside every number and its interval.

    \b
    Examples:
      movierec evaluate --dataset ml-100k --protocol leave-one-out
      movierec evaluate --protocol user-timeline --protocol global-cut --out reports/evaluation
    """
    from movierec.evaluation.runner import run_evaluation

    run_evaluation(dataset, protocols, out, read_settings(home=home), start_progress())
    click.echo(str(out))
