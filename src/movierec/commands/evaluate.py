"""``movierec evaluate``: measure every generation on data sets, compare reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from movierec.commands.console import (
    CommandGroup,
    home_option,
    make_printable,
    read_settings,
    start_progress,
)
from movierec.errors import MovieRecError

if TYPE_CHECKING:
    from movierec.evaluation.results import ProtocolReport

_REPORTS: Final = Path("reports/evaluation")


@click.group(
    "evaluate", cls=CommandGroup, invoke_without_command=True, short_help="Measure recommendation quality."
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="NAME|FOLDER|ZIP",
    help="As for movierec build; repeatable.  [default: sample]",
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    metavar="NAME",
    help="leave-one-out, user-timeline, rated-only, global-timeline, random or strong-generalisation; "
    "repeatable.  [default: all]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the reports.  [default: reports/evaluation, with --quick work/quick-evaluation in home]",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Of random splits and of the draws behind the intervals.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Processes, each with one thread; at most as many as there are processors.",
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="NAME",
    help="A known model to compare with besides the usual ones: sasrec (slow; pip install "
    "'movierec[sasrec]').  Repeatable.",
)
@click.option("--extras", is_flag=True, help="Also write the further reports: frontier, ablations and so on.")
@click.option("--force", is_flag=True, help="Measure again what is there from the same data and code.")
@click.option("--quick", is_flag=True, help="A few users and a small engine: does it work? No real numbers.")
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    datasets: tuple[str, ...],
    protocols: tuple[str, ...],
    out: Path | None,
    seed: int,
    jobs: int,
    peers: tuple[str, ...],
    extras: bool,
    force: bool,
    quick: bool,
    home: Path | None,
) -> None:
    r"""Hide a part of every history, recommend, and count what was found.

    Every generation, every source and well-known models answer for the same users. The report names data
    hash, protocol, seed and command beside every number and its 95 % interval. Prints the main table.
    Interrupted or repeated, it goes on with what is missing.

    \b
    Examples:
      movierec evaluate --dataset ml-100k --protocol leave-one-out
      movierec evaluate --dataset ml-100k --dataset ml-latest-small --extras
      movierec evaluate --quick
      movierec evaluate compare earlier/ml-100k reports/evaluation/ml-100k
    """
    if ctx.invoked_subcommand is not None:
        return
    from movierec.evaluation.jobs import plan_jobs
    from movierec.evaluation.protocols import PROTOCOLS
    from movierec.evaluation.queue import run_jobs
    from movierec.evaluation.report import read_reports, write_summary

    progress = start_progress()
    settings = read_settings(home=home)
    folder = out or (settings.home / "work" / "quick-evaluation" if quick else _REPORTS)
    plan = plan_jobs(
        datasets or ("sample",),
        protocols or tuple(PROTOCOLS),
        folder,
        settings,
        progress,
        seed,
        quick,
        extras,
        peers,
    )
    outcome = run_jobs(plan, jobs, progress, force)
    write_summary(folder)
    written = {path for job in plan for path in job.outputs}
    for report in read_reports(folder):
        if folder / report.receipt.dataset / f"{report.receipt.protocol}.json" in written:
            _show_table(report)
    progress(
        f"total: {len(outcome.finished)} jobs run, {len(outcome.skipped)} skipped, "
        f"{len(outcome.failed)} failed; reports in {folder}"
    )
    if outcome.failed:
        raise MovieRecError("; ".join(f"{name}: {reason}" for name, reason in outcome.failed.items()))


def _show_table(report: ProtocolReport) -> None:
    receipt, counts = report.receipt, report.counts
    click.echo(
        make_printable(f"{receipt.dataset}, {receipt.protocol}: {counts.rows:,} lists, {report.metric}")
    )
    width = max(len(system.name) for system in report.systems)
    for system in sorted(report.systems, key=lambda system: -system.metrics[report.metric].mean):
        found = system.metrics[report.metric]
        click.echo(f"  {system.name:<{width}}  {found.mean:.4f}  [{found.low:.4f}, {found.high:.4f}]")


@command.command("compare")
@click.argument("first", metavar="A", type=click.Path(exists=True, path_type=Path))
@click.argument("second", metavar="B", type=click.Path(exists=True, path_type=Path))
def compare(first: Path, second: Path) -> None:
    r"""Say how the numbers of B differ from those of A, and what differs in how they were made.

    A and B are report files or folders of reports; in folders, reports of the same name are compared.

    \b
    Examples:
      movierec evaluate compare earlier/ml-100k/random.json reports/evaluation/ml-100k/random.json
      movierec evaluate compare earlier reports/evaluation
    """
    from movierec.evaluation.comparison import compare_reports

    click.echo(compare_reports(first, second).rstrip("\n"))
