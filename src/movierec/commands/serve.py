"""``movierec serve``: run the HTTP API in this process."""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from movierec.commands.console import home_option
from movierec.errors import ConfigError

# Started by name, as Python's -m does: the library imports no front end.
SERVER_MODULE = "app.server"


@click.command("serve", short_help="Run the HTTP API.")
@home_option
@click.option("--host", help="Address to bind; others than this machine need MOVIEREC_API_KEY.  [127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to bind (MOVIEREC_API_PORT, else 8000).")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes that answer (MOVIEREC_WORKERS, else 1)."
)
def command(home: Path | None, host: str | None, port: int | None, workers: int | None) -> None:
    r"""Serve the current bundle over HTTP until Ctrl-C.

    \b
    Example:
      movierec serve --home data --port 8000
      curl 'http://127.0.0.1:8000/recommend/user/0?k=5'
    """
    if find_spec("app") is None:
        raise ConfigError("the API is not installed beside the library; install the whole project")
    chosen = {"--home": home, "--host": host, "--port": port, "--workers": workers}
    given = [text for name, value in chosen.items() if value is not None for text in (name, str(value))]
    sys.argv = ["movierec serve", *given]
    runpy.run_module(SERVER_MODULE, run_name="__main__", alter_sys=True)
