"""``movierec retrain``: learn again from the data and what viewers said since."""

from __future__ import annotations

import time
from pathlib import Path

import click

from movierec.commands.console import home_option, read_settings, start_progress


@click.command("retrain", short_help="Learn again from data and feedback, promote what is no worse.")
@click.option(
    "--when",
    metavar="CONDITION",
    help='Wait until enough is new, again and again: "500 events", "24 h" or "500 events or 24 h" since the '
    "last attempt (s, min, h, d). Without a new event nothing is due.",
)
@click.option("--once", is_flag=True, help="One attempt at most, now; with --when only if it is due.")
@click.option(
    "--dataset",
    metavar="NAME|FOLDER|ZIP",
    help="Newer data of the served data set; default is what it was built from, as it was read.",
)
@click.option(
    "--poll",
    type=click.FloatRange(0.1, 86_400),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look whether an attempt is due.",
)
@home_option
def command(when: str | None, once: bool, dataset: str | None, poll: float, home: Path | None) -> None:
    r"""Learn again from the data set and the feedback store, and serve the result if it passes a gate.

    The gate holds out the newest window of events, fits the challenger without it and compares NDCG@10,
    viewer by viewer, with what is served, which does not know the window either. Where the challenger is
    not significantly worse (paired bootstrap, 95 %), everything is learnt, the window too, and the bundle
    becomes current: a running API takes it over without losing a request. Otherwise the challenger is
    kept aside (movierec bundles list) and nothing changes. Every attempt leaves a report, JSON and Markdown,
    in the folder retraining of the home folder; its outcome and bundle are printed.

    Ctrl-C loses nothing: feedback stays in the store, the served bundle stays current, and the attempt
    counts as not made. Exit code 0 whatever the gate says.

    \b
    Examples:
      movierec retrain --when "500 events or 24 h"
      movierec retrain --once
      movierec retrain --once --when "500 events" --home data   # for cron
    """
    from movierec.errors import ConfigError
    from movierec.retraining.condition import EXAMPLE, Condition
    from movierec.retraining.memory import hold_alone
    from movierec.retraining.retrainer import Retrainer

    if when is None and not once:
        raise ConfigError(f'--when must say when to learn again, as in --when "{EXAMPLE}"; or give --once')
    condition = None if when is None else Condition.parse(when)
    settings = read_settings(home=home)
    progress = start_progress()
    retrainer = Retrainer(settings, dataset, progress=progress)
    with hold_alone(settings.retraining_dir):
        # Asked before anything is waited for: without a bundle, say, no wait would help.
        due = condition is None or retrainer.is_due(condition)
        if condition is not None and not once:
            progress(f"looking every {poll:g} s whether an attempt is due: {when}")
            retrainer.watch(condition, lambda: time.sleep(poll))
        elif not due:
            click.echo("not due")
        else:
            report = retrainer.attempt()
            click.echo("\t".join(filter(None, (report.outcome, report.bundle))))
