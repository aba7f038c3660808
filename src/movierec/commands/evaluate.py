"""``movierec evaluate``: measure every generation on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from movierec.commands.console import home_option, make_printable, read_settings, start_progress

if TYPE_CHECKING:
    from movierec.evaluation.results import ProtocolReport


@click.command("evaluate", short_help="Measure recommendation quality.")
@click.option(
    "--dataset", default="sample", show_default=True, metavar="NAME|FOLDER|ZIP", help="As for movierec build."
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    metavar="NAME",
    help="leave-one-out, user-timeline, global-timeline or random; repeatable.  [default: all four]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports/evaluation"),
    show_default=True,
    metavar="DIR",
    help="Folder of the reports.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Of random splits and of the draws behind the intervals.",
)
@home_option
def command(dataset: str, protocols: tuple[str, ...], out: Path, seed: int, home: Path | None) -> None:
    r"""Hide a part of every history, recommend, and count what was found.

    Every generation, every source and well-known models answer for the same users. The report names data
    hash, protocol, seed and command beside every number and its 95 % interval. Prints the main table.

    \b
    Examples:
      movierec evaluate --dataset ml-100k --protocol leave-one-out
      movierec evaluate --protocol user-timeline --protocol global-timeline --out reports/evaluation
    """
    from movierec.evaluation.runner import DEFAULT_PROTOCOLS, run_evaluation

    chosen = protocols or DEFAULT_PROTOCOLS
    settings = read_settings(home=home)
    report = run_evaluation(dataset, chosen, out, settings, start_progress(), seed)
    for protocol in report.protocols:
        _show_table(protocol)
    click.echo(f"reports in {out}", err=True)


def _show_table(report: ProtocolReport) -> None:
    receipt, counts = report.receipt, report.counts
    click.echo(
        make_printable(f"{receipt.dataset}, {receipt.protocol}: {counts.rows:,} lists, {report.metric}")
    )
    width = max(len(system.name) for system in report.systems)
    for system in sorted(report.systems, key=lambda system: -system.metrics[report.metric].mean):
        found = system.metrics[report.metric]
        click.echo(f"  {system.name:<{width}}  {found.mean:.4f}  [{found.low:.4f}, {found.high:.4f}]")
