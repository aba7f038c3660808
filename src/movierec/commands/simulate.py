"""``movierec simulate``: viewers whose taste is known, in front of the recommender."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from movierec.commands.console import CommandGroup, start_progress

_REPORTS: Final = Path("reports/simulation")

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=_REPORTS,
    show_default=True,
    metavar="DIR",
    help="Folder of the report.",
)
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of the viewers' dice."
)


@click.group("simulate", cls=CommandGroup, short_help="Try policies on simulated viewers.")
def command() -> None:
    """Put simulated viewers, whose true taste a generator drew, in front of the recommender.

    Nothing of a home folder is read or written: both commands work in a temporary one, with a small build.
    """


@command.command("loop")
@click.option("--rounds", type=click.IntRange(2, 100), default=6, show_default=True, help="Rounds of visits.")
@click.option(
    "--viewers", type=click.IntRange(60, 100_000), default=400, show_default=True, help="Simulated viewers."
)
@out_option
@seed_option
def loop(rounds: int, viewers: int, out: Path, seed: int) -> None:
    r"""Measure whether retraining satisfies viewers more: loop.json, loop.md and loop.png.

    In every round each viewer looks at lists and likes by true taste and position; marks go into the
    feedback store, and after the round the product retrains, gate included. Compared with the first bundle
    frozen, with popularity and with random lists. A quarter of the viewers only watch, so that their lists
    change by retraining alone; prints their satisfaction by round.

    \b
    Examples:
      movierec simulate loop
      movierec simulate loop --rounds 3 --viewers 150 --out work/simulation
    """
    from dataclasses import replace

    from movierec.data.sample import read_films
    from movierec.simulation.loop import LoopPlan, run_loop
    from movierec.simulation.report import publish_loop

    plan = LoopPlan(rounds=rounds, seed=seed)
    per_viewer = plan.audience.n_ratings // plan.audience.n_viewers
    audience = replace(plan.audience, n_viewers=viewers, n_ratings=per_viewer * viewers)
    words = f"movierec simulate loop --rounds {rounds} --viewers {viewers} --seed {seed}"
    with TemporaryDirectory(prefix="movierec-simulation-") as home:
        report = run_loop(read_films(), replace(plan, audience=audience), Path(home), words, start_progress())
    for curve in report.curves:
        click.echo("\t".join((curve.name, *(f"{found.mean:.4f}" for found in curve.watched))))
    for path in publish_loop(report, out):
        click.echo(str(path), err=True)


@command.command("ab")
@click.option(
    "--a",
    "first",
    default="v1.5",
    show_default=True,
    metavar="POLICY",
    help="A generation, with a diversity if wanted: v2, v1.5, v1-als, v2:0.3.",
)
@click.option("--b", "second", default="v2", show_default=True, metavar="POLICY", help="The other one.")
@click.option(
    "--pairs",
    type=click.IntRange(1_000, 200_000),
    default=20_000,
    show_default=True,
    help="Most pairs of visits, and visits of the log.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0.001, 0.5),
    default=0.05,
    show_default=True,
    help="How often the test may be wrong where there is no difference, however often one looks.",
)
@out_option
@seed_option
def ab(first: str, second: str, pairs: int, alpha: float, out: Path, seed: int) -> None:
    r"""Compare two policies while they run and from a log: ab.json, ab.md and ab.png.

    Tested by a sequential test that may be looked at any time, tried on A/A, and estimated from the log of a
    third policy (IPS, SNIPS, doubly robust); the truth is known and stands beside each number.

    \b
    Examples:
      movierec simulate ab
      movierec simulate ab --a v2 --b v2:0.3 --out work/simulation
    """
    from movierec.data.sample import read_films
    from movierec.simulation.ab import AbPlan, Policy, run_ab
    from movierec.simulation.report import publish_ab

    plan = AbPlan(
        first=Policy.parse("--a", first),
        second=Policy.parse("--b", second),
        pairs=pairs,
        logged_visits=pairs,
        alpha=alpha,
        seed=seed,
    )
    words = (
        f"movierec simulate ab --a {plan.first} --b {plan.second} --pairs {pairs} --alpha {alpha:g} "
        f"--seed {seed}"
    )
    with TemporaryDirectory(prefix="movierec-simulation-") as home:
        report = run_ab(read_films(), plan, Path(home), words, start_progress())
    click.echo(f"difference\t{report.sequence[-1].mean:+.4f}\ttruth {report.true_difference:+.4f}")
    click.echo(f"decided\t{'no' if report.decided_after is None else f'{report.decided_after:,} pairs'}")
    for each in report.estimates:
        click.echo(f"{each.estimator}\t{each.policy}\t{each.estimate.mean:.4f}\ttruth {each.truth:.4f}")
    for path in publish_ab(report, out):
        click.echo(str(path), err=True)
