"""What all commands share: errors in one line, progress on stderr, the ``--home`` option."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from movierec.errors import ConfigError, MovieRecError

if TYPE_CHECKING:
    from movierec.config import Settings

UNUSABLE: Final = 2
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141

home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of tables, bundles and feedback (MOVIEREC_HOME, else data).",
)


class CommandError(click.ClickException):
    """A failure with the name of its command, ready to be shown."""

    def __init__(self, command: str, message: str, status: int = UNUSABLE) -> None:
        super().__init__(message)
        self.command = command
        self.status = status


class CommandGroup(click.Group):
    """Turns what its commands raise on purpose into errors that name the command."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command; raises ``CommandError`` where it fails in a known way."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise CommandError("", "", BROKEN_PIPE) from None
        except KeyboardInterrupt:
            raise CommandError(_name(ctx), "interrupted", INTERRUPTED) from None
        except MovieRecError as error:
            raise CommandError(_name(ctx), str(error)) from error
        except OSError as error:
            if error.strerror is None:
                raise
            place = f": {error.filename}" if error.filename is not None else ""
            raise CommandError(_name(ctx), f"{error.strerror}{place}") from error


def describe(error: click.ClickException) -> str:
    """Return the one line that is shown for an error."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        path = error.ctx.command_path
        text = f"{path}: {error.format_message().rstrip('.')}; see: {path} --help"
    else:
        command = error.command if isinstance(error, CommandError) else "movierec"
        text = f"{command}: {error.format_message()}"
    return make_printable(" ".join(text.split()))


def make_printable(text: str) -> str:
    """Return the text without control characters: titles and file names must not steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def read_settings(**chosen: object) -> Settings:
    """Return the settings of the environment with what the command line chose (not None) on top.

    Raises ``ConfigError`` naming the first variable that has an unusable value.
    """
    from pydantic import ValidationError

    from movierec.config import Settings

    given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(f"MOVIEREC_{name}: {first['msg']}") from None


def start_progress(clock: Callable[[], float] = time.monotonic) -> Callable[[str], None]:
    """Return a function that writes a line to stderr, headed by the seconds since this call."""
    start = clock()

    def show(message: str) -> None:
        click.echo(f"{clock() - start:7.1f} s  {make_printable(message)}", err=True)

    return show


def _name(ctx: click.Context) -> str:
    return " ".join(filter(None, (ctx.command_path, ctx.invoked_subcommand)))


def list_headlines(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the NDCG@10 of every system by name; intervals and other metrics are in the model card."""
    return {
        name: value
        for name, value in sorted(metrics.items())
        if name.startswith("ndcg@10 ") and not name.endswith((" low", " high"))
    }
