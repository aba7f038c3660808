"""The ``movierec`` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from movierec.commands import (
    build,
    bundles,
    consume,
    download,
    evaluate,
    feedback,
    info,
    pull,
    recommend,
    retrain,
    serve,
    simulate,
)
from movierec.commands.console import (
    BROKEN_PIPE,
    INTERRUPTED,
    UNUSABLE,
    CommandError,
    CommandGroup,
    describe,
)


@click.group(
    cls=CommandGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="movierec", message="movierec %(version)s")
@click.pass_context
def movierec(ctx: click.Context) -> None:
    r"""Recommend films and say why: from ratings to a served, explained list.

    \b
    First steps, with the built-in sample:
      movierec build
      movierec recommend --user 1
      movierec serve

    Results go to stdout, progress to stderr. Exit code 2 means the input cannot be used; one line says why.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for _module in (
    download,
    pull,
    build,
    recommend,
    evaluate,
    serve,
    consume,
    retrain,
    bundles,
    feedback,
    simulate,
    info,
):
    movierec.add_command(_module.command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    0 done, 2 input that cannot be used (one line on stderr says why), 130 interrupted.
    """
    # Read when the native libraries load: idle OpenMP threads sleep instead of spinning, and BLAS keeps
    # to one thread, which ALS and EASE need.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        outcome = movierec.main(arguments, prog_name="movierec", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _leave_pipe()
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        status = error.status if isinstance(error, CommandError) else UNUSABLE
        if status == BROKEN_PIPE:
            return _leave_pipe()
        click.echo(describe(error), err=True)
        return status
    return outcome if isinstance(outcome, int) else 0


def _leave_pipe() -> int:
    # The reader is gone; without this, Python complains about it once more while it shuts down.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


if __name__ == "__main__":
    sys.exit(main())
